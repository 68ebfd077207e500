"""Records of an inbox that Kafka deleted before they were read: found before the group goes past them.

Retention deletes them, or an operator does. aiokafka goes on where the inbox begins, without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from prometheus_client import Counter

from crosstie.runtime.telemetry import logger

log = logger("ingestion")
LOST = Counter(
    "crosstie_ingestion_lost", "Records of inboxes that Kafka deleted before they were read"
)


@dataclass(frozen=True, slots=True)
class Gap:
    """What was read of a partition ends at `read`, and what can be read begins later."""

    place: TopicPartition
    read: int | None  # None: the group does not know
    begins: int


async def found(
    consumer: Any, firsts: Mapping[TopicPartition, int], told: Mapping[TopicPartition, int]
) -> list[Gap]:
    """Gaps before the first offsets that were read, given what we last told the group.

    Most that is skipped are marks of transactions: then the inbox begins earlier, and nobody asks the
    group. It is asked because others may have read the partition since we did. Raises KafkaError.
    """
    skipped = [place for place, first in firsts.items() if first > told.get(place, 0)]
    if not skipped:
        return []
    kept = await consumer.beginning_offsets(skipped)
    # what is deleted by now may have been read before
    begins = {place: min(kept[place], firsts[place]) for place in sorted(skipped)}
    lacking = [place for place, at in begins.items() if at > told.get(place, 0)]
    committed = await asyncio.gather(*(consumer.committed(place) for place in lacking))
    read = {
        place: max((each for each in (at, told.get(place)) if each is not None), default=None)
        for place, at in zip(lacking, committed, strict=True)
    }
    gaps = [Gap(place, at, begins[place]) for place, at in read.items()]
    return [gap for gap in gaps if gap.read is None or gap.read < gap.begins]


def tell(gap: Gap) -> None:
    """One line, and a count where it is known how many."""
    where = {"topic": gap.place.topic, "partition": gap.place.partition}
    if gap.read is None:
        log.warning("not known how far an inbox was read", **where, begins=gap.begins)
        return
    lost = gap.begins - gap.read  # offsets: a client's transactions take some, too
    log.error("records lost", **where, **{"from": gap.read, "to": gap.begins - 1}, n=lost)
    LOST.inc(lost)
