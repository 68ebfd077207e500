"""How far the group of inboxes is, told to Kafka: after every batch, and past what is never shown.

A commit that fails, or that nobody answers, is only said: the next one covers it, and what is read
twice is in effect once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from crosstie.runtime.telemetry import logger
from services.ingestion import gaps

Span = tuple[int, int]  # the first offset that was read, and the next to be read
log = logger("ingestion")
COMMIT_SECONDS = 10.0  # aiokafka itself would look for a coordinator for ever
_IDLE_SECONDS = 1.0
_POSITION_SECONDS = 0.05  # one that is known is told at once; who waits for another reads nothing


class Commits:
    """What the group was told, of the partitions that are ours."""

    def __init__(self) -> None:
        self._told: dict[TopicPartition, int] = {}
        self._idle_at = 0.0

    async def batch(self, consumer: Any, records: Sequence[Any]) -> None:
        """These are done; who took a partition over meanwhile reads the same again."""
        spans: dict[TopicPartition, Span] = {}
        for each in records:
            place = TopicPartition(each.topic, each.partition)
            first, _ = spans.get(place, (each.offset, 0))
            spans[place] = first, each.offset + 1
        await self._tell(consumer, spans)

    async def idle(self, consumer: Any) -> None:
        """Now and then past marks of transactions, and records that were aborted; nothing is in hand.

        Else whoever measures lag would see some for ever.
        """
        if time.monotonic() - self._idle_at <= _IDLE_SECONDS:
            return
        self._idle_at = time.monotonic()
        places = sorted(consumer.assignment())
        positions = await asyncio.gather(*(_position(consumer, each) for each in places))
        at = {place: to for place, to in zip(places, positions, strict=True) if to is not None}
        await self._tell(
            consumer, {each: (to, to) for each, to in at.items() if to != self._told.get(each)}
        )

    async def _tell(self, consumer: Any, spans: Mapping[TopicPartition, Span]) -> None:
        ours = {each: span for each, span in spans.items() if each in consumer.assignment()}
        if not ours:
            return
        ends = {each: end for each, (_, end) in ours.items()}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                firsts = {each: first for each, (first, _) in ours.items()}
                lacking = await gaps.found(consumer, firsts, self._told)
                await consumer.commit(ends)
        except (KafkaError, TimeoutError, AssertionError) as error:
            # aiokafka asserts that some broker is there; see group_offsets.py
            log.warning("not committed", reason=f"{type(error).__name__}: {error}")
            return
        self._told |= ends
        for each in lacking:  # told once the group is past it: else whoever reads on tells it again
            gaps.tell(each)


async def _position(consumer: Any, place: TopicPartition) -> int | None:
    """Where we are, None where nobody knows yet: in the middle of a rebalance."""
    try:
        async with asyncio.timeout(_POSITION_SECONDS):
            at: int = await consumer.position(place)
            return at
    except (KafkaError, TimeoutError):
        return None
