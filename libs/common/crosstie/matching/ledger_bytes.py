"""A ledger as bytes: to be kept and read again, and to be compared with another."""

from __future__ import annotations

import msgspec
from msgspec import structs

from crosstie.matching.ledger import Ledger


def stored(ledger: Ledger) -> bytes:
    """MessagePack, by field; the maps in their order, which is that of time."""
    at, *maps = structs.astuple(ledger)
    return msgspec.msgpack.encode(Ledger(at, *(dict(each.items()) for each in maps)))


def read(body: bytes) -> Ledger:
    """The ledger that `stored` wrote; what an earlier version did not write is empty."""
    return msgspec.msgpack.decode(body, type=Ledger)


def encode(ledger: Ledger) -> bytes:
    """Canonical JSON: equal ledgers are equal bytes, whatever the order of their maps."""
    return msgspec.json.encode(
        (
            ledger.at,
            sorted(ledger.live.values(), key=lambda each: each.id),
            sorted(ledger.settled.items(), key=lambda each: (each[1].at, each[0])),
            sorted(ledger.pairs.items(), key=lambda each: (each[1], each[0])),
            sorted(ledger.made.items(), key=lambda each: (each[1][-1], each[0])),
            sorted(ledger.mentorings.items(), key=lambda each: (each[1][-1], each[0])),
            sorted(ledger.met.items()),
            sorted(ledger.answered.items(), key=lambda each: (each[1][-1].at, each[0])),
            sorted(ledger.judged.items(), key=lambda each: (each[1][-1].at, each[0])),
        ),
        order="deterministic",
    )
