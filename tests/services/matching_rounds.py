"""A round made by hand, as a leader commits it, and as Kafka holds one that is out."""

from __future__ import annotations

from typing import Any

from crosstie.matching import ledger as ledgers
from crosstie.matching import record
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
    topic = village.settings.topics.rounds.name
    images = tuple(Image(topic, each.key, (), each.value) for each in record.split(round))
    return Decision(round, ledgers.apply_round(ledgers.EMPTY, round), {}, images)
