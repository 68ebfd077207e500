"""Rows and progress marks as they stand in `network.v1` and in PostgreSQL: canonical JSON."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from crosstie.network.state import Member, Row, Tie

MARK_KEY = "mark"
_encoder = msgspec.json.Encoder()
_member = msgspec.json.Decoder(Member)
_tie = msgspec.json.Decoder(Tie)


class Mark(Struct, frozen=True):
    """Progress of one partition: rows reflect the log up to `end` (exclusive).

    `latest` is the greatest event time folded so far, in microseconds, 0 for none.
    """

    end: int
    latest: int


_mark = msgspec.json.Decoder(Mark)


def encode(value: Row | Mark) -> bytes:
    """The one byte string of a row or mark."""
    return _encoder.encode(value)


def encode_contacts(contacts: dict[str, int]) -> bytes:
    """The one byte string of a tie's counts by channel."""
    return _encoder.encode(contacts)


def decode_row(key: str, value: bytes | str) -> Row:
    """A row from its bytes; the key says which kind."""
    return _member.decode(value) if key.startswith("member/") else _tie.decode(value)


def decode_mark(value: bytes) -> Mark:
    """A mark from its bytes."""
    return _mark.decode(value)
