"""A decision, and the rows that PostgreSQL keeps of it: pure, as it takes seconds where they are many."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import structs

from crosstie.matching import record
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.showing import news


@dataclass(frozen=True, slots=True)
class Image:
    """One record exactly as it will stand in Kafka, however often it is sent."""

    topic: str
    key: bytes
    headers: tuple[tuple[str, str], ...]
    value: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """A round, the ledger after it, and everything that follows from it."""

    round: Round
    ledger: Ledger
    told: Mapping[str, tuple[str, ...]]  # changed suggestion -> platforms
    images: tuple[Image, ...] = ()
    full_answered: int = 0  # the request that a full round answers
    published: bool = field(default=False)  # it came out of Kafka


def round_row(round: Round) -> tuple[int, bytes, str]:
    """Its number, its bytes, and its summary."""
    return round.n, record.encode(round), summary(round)


def summary(round: Round) -> str:
    """A round without its changes and deliveries: how many there were, by cause and as shown."""
    counts = Counter(change.cause for change in round.changes)
    shown = Counter(state for state in map(news, round.changes) if state is not None)
    fields = structs.asdict(structs.replace(round, changes=(), delivery={}))
    del fields["changes"], fields["delivery"], fields["delivery_at"]
    sums = {"counts": dict(sorted(counts.items())), "shown": dict(sorted(shown.items()))}
    return json.dumps(fields | sums)


def suggestion_columns(decision: Decision) -> tuple[list[Any], ...]:
    """Columns of the suggestions as the round leaves them; one may change more than once in it."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    last = {change.suggestion.id: change.suggestion for change in decision.round.changes}.values()
    return (
        [each.id for each in last],
        [each.state for each in last],
        [each.seq for each in last],
        [json.dumps(each.members) for each in last],
        [each.round for each in last],
        [json.dumps(decision.told.get(each.id, ())) for each in last],
        [encode(each).decode() for each in last],
    )


def outbox_columns(n: int, images: tuple[Image, ...]) -> tuple[list[Any], ...]:
    """Columns of the images of round `n`, in order."""
    return (
        [n] * len(images),
        list(range(len(images))),
        [each.topic for each in images],
        [each.key for each in images],
        [json.dumps(each.headers) for each in images],
        [each.value for each in images],
    )
