"""Rounds as they stand in `rounds.v1` and in PostgreSQL: one record, or parts of at most 512 KiB.

A round's digest covers the previous one and everything it read and decided, so the records form
a chain; where they were delivered to is beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec
from msgspec import Struct, structs

from crosstie.errors import UNREADABLE, LogGap
from crosstie.matching.model import Round

PART_BYTES = 512 * 1024
DIGEST_BYTES = 32
PART_HEADER = "part"  # value `i/of`, from 1

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Round)
_KEY = re.compile(rb"([1-9][0-9]{0,17})(?:/([1-9][0-9]{0,8}))?")


class Record(Struct, frozen=True):
    """One Kafka record of `rounds.v1`."""

    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def encode(round: Round) -> bytes:
    """The one byte string of a round."""
    return _encoder.encode(round)


def decode(body: bytes) -> Round:
    """A round from its bytes."""
    return _decoder.decode(body)


def digest(round: Round) -> str:
    """What `round.digest` must be: blake2b of the previous digest and the round without delivery."""
    bare = structs.replace(round, digest="", delivery={}, delivery_at=0)
    return blake2b(round.previous.encode() + encode(bare), digest_size=DIGEST_BYTES).hexdigest()


def chained(round: Round) -> Round:
    """The same round with its digest."""
    return structs.replace(round, digest=digest(round))


def seed(deployment: str, n: int) -> int:
    """The seed of round n, 63 bits: every deployment draws differently, every replay alike."""
    drawn = blake2b(f"{deployment}/{n}".encode(), digest_size=8).digest()
    return int.from_bytes(drawn, "big") >> 1


def split(round: Round) -> tuple[Record, ...]:
    """The records of one round, in order; they go out in one transaction."""
    return parts(round.n, encode(round))


def parts(n: int, body: bytes) -> tuple[Record, ...]:
    """The records of round `n`, whose bytes are `body`."""
    if len(body) <= PART_BYTES:
        return (Record(str(n).encode(), body),)
    found = [body[i : i + PART_BYTES] for i in range(0, len(body), PART_BYTES)]
    return tuple(
        Record(f"{n}/{i}".encode(), part, ((PART_HEADER, f"{i}/{len(found)}".encode()),))
        for i, part in enumerate(found, 1)
    )


def joined(records: Iterable[Record]) -> Iterator[Round]:
    """The rounds that `records` hold, in order of their last parts.

    What is no round is passed over: should it be one that was damaged, the chain breaks there.
    """
    for whole in wholes(records):
        try:
            yield decode(whole)
        except UNREADABLE:
            continue


def wholes(records: Iterable[Record]) -> Iterator[bytes]:
    """The bytes of every round, its parts put together; a round that lacks one is passed over.

    Matching writes all parts of a round in one transaction, but others may write in between.
    """
    begun: dict[int, list[bytes]] = {}  # by round
    for record in records:
        if (part := _part(record)) is None:
            continue
        number, of = part
        parts = begun.setdefault(number_of(record.key), [])
        if number == 1:
            parts.clear()
        if len(parts) != number - 1:
            continue
        parts.append(record.value)
        if number == of:
            yield b"".join(parts)
            parts.clear()


def number_of(key: bytes) -> int:
    """Number of the round that a record of this key is, or is a part of; 0 for no round's key."""
    named = _KEY.fullmatch(key)
    return 0 if named is None else int(named[1])


def genuine(rounds: Iterable[Round]) -> Iterator[Round]:
    """Those that bear their own digest, each newer than all before it.

    What else stands there is a stranger's, or comes twice because the topic was copied; should one
    be a round that was altered, the chain breaks at the next one.
    """
    n = 0
    for round in rounds:
        if round.n > n and digest(round) == round.digest:
            yield round
            n = round.n


def following(
    rounds: Iterable[Round], n: int, previous: str, where: str = "rounds.v1"
) -> Iterator[Round]:
    """The rounds after round `n` whose digest is `previous`, each checked against the one before.

    Raises LogGap where a round is missing, or tells another history than it must `where` it is from.
    """
    for round in rounds:
        if round.n <= n:
            continue
        if round.n != n + 1:
            raise LogGap(f"{where} goes from round {n} to round {round.n}")
        if round.previous != previous or digest(round) != round.digest:
            raise LogGap(f"round {round.n} of {where} does not follow from round {n}")
        yield round
        n, previous = round.n, round.digest


def _part(record: Record) -> tuple[int, int] | None:
    """Which part of how many it is; None for what matching never writes."""
    if (named := _KEY.fullmatch(record.key)) is None:
        return None
    numbered = int(named[2] or 1)
    for name, value in record.headers:
        if name == PART_HEADER:
            number, _, of = value.partition(b"/")
            if not of.isdigit() or number != named[2] or int(of) < numbered:
                return None
            return numbered, int(of)
    return None if named[2] else (1, 1)
