"""A round made by hand, as a leader commits it, and as Kafka holds one that is out."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from crosstie.matching import ledger as ledgers
from crosstie.matching import record
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from services.matching.written import Decision, Image
from tests.services.matching_world import (
    World,
)


def recorded(village: World, round: Any) -> list[tuple[str, record.Record]]:
    return [(village.settings.topics.rounds.name, each) for each in record.split(round)]


def round_one(village: World, at: int = 1) -> Decision:
    """A first round that decides nothing, and its record."""
    round = record.chained(
        Round(
            n=1,
            at=at,
            full=True,
            seed=1,
            offsets=(0,),
            policy="p",
            base="b",
            code="c",
            fingerprint="f",
            previous="",
            digest="",
            changes=(),
        )
    )
    return _decided(village, round, ledgers.EMPTY)


def round_after(village: World, before: Decision) -> Decision:
    """The next one, which decides nothing either."""
    next_one = replace(before.round, n=before.round.n + 1, previous=before.round.digest, digest="")
    return _decided(village, record.chained(next_one), before.ledger)


def _decided(village: World, round: Round, ledger: Ledger) -> Decision:
    topic = village.settings.topics.rounds.name
    images = tuple(Image(topic, each.key, (), each.value) for each in record.split(round))
    return Decision(round, ledgers.apply_round(ledger, round), {}, images)
