"""Each event once: which records of a partition are new, known or forged.

(source, id) is remembered for `HORIZON_US` of the partition's own event time after it arrived.
Judged one event at a time in log order, so batch boundaries and pruning never show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from hashlib import blake2b

from msgspec import Struct

from crosstie.network.facts import Event
from crosstie.network.fold import ERASED
from crosstie.network.strength import DAY_US

HORIZON_US = 90 * DAY_US
DIGEST_BYTES = 16


class Seen(Struct, frozen=True, gc=False):
    """A remembered identity: the digest of its body, and the watermark when it arrived."""

    body: bytes
    watermark: int


class Verdict(Enum):
    """What becomes of one record."""

    NEW = "new"
    KNOWN = "known"  # the same again: counted and passed over
    FORGED = "forged"  # another body under a known identity: quarantine


class Judged(Struct, frozen=True):
    """Verdicts in order of the events, what to remember, and the greatest event time so far."""

    verdicts: tuple[Verdict, ...]
    remember: dict[bytes, Seen]
    watermark: int


def identity(event: Event) -> bytes:
    """What the event is remembered by."""
    return identity_of(event.source, event.id)


def identity_of(source: str, id: str) -> bytes:
    """Digest of (source, id); blake2b, 16 bytes."""
    return digest(source.encode() + b"\0" + id.encode())


def digest(data: bytes) -> bytes:
    """blake2b of 16 bytes."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def judge(
    events: Iterable[Event],
    seen: Mapping[bytes, Seen],
    watermark: int,
    identities: Iterable[bytes] | None = None,
) -> Judged:
    """Judge `events` in log order against `seen`, where `watermark` is the greatest time before them.

    `identities` are those of the events, where the caller has made these digests already.
    `seen` may hold identities that are past the horizon: they are ignored here, so when they are
    pruned makes no difference. An erasure is always new, and not remembered: it does the same
    however often, and whatever came before under its id, the person is to be forgotten.
    """
    verdicts: list[Verdict] = []
    remember: dict[bytes, Seen] = {}
    names = map(identity, events) if identities is None else identities
    for event, name in zip(events, names, strict=True):
        if event.type == ERASED:
            verdicts.append(Verdict.NEW)
            watermark = max(watermark, event.time)
            continue
        known = remember.get(name) or seen.get(name)
        if known is None or known.watermark < watermark - HORIZON_US:
            verdicts.append(Verdict.NEW)
            watermark = max(watermark, event.time)
            remember[name] = Seen(event.body, watermark)
        else:
            verdicts.append(Verdict.KNOWN if known.body == event.body else Verdict.FORGED)
    return Judged(tuple(verdicts), remember, watermark)
