"""Records of an inbox that Kafka deleted before they were read: told once, then reading goes on.

Retention deletes them, or an operator does. aiokafka would go on where the inbox begins, without a
word; so it is told to raise (see subscription.py), and here it is said and gone over.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from prometheus_client import Counter

from crosstie.runtime.telemetry import logger
from services.ingestion.commits import Commits

log = logger("ingestion")
LOST = Counter(
    "crosstie_ingestion_lost", "Records of inboxes that Kafka deleted before they were read"
)
GAPS = (NoOffsetForPartitionError, OffsetOutOfRangeError)
_ASK_SECONDS = 10.0  # aiokafka itself would ask for 40 s
_REST_SECONDS = 1.0


async def gone_over(consumer: Any, gap: KafkaError, commits: Commits) -> None:
    """Go on from where the inbox begins, and tell the group: nobody tells of the same gap again.

    `gap` is one of GAPS. Where no broker answers nothing is changed, and it is raised again.
    """
    place, read = _wanted(gap)
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            if read is None and await consumer.committed(place) is not None:
                return  # meanwhile somebody did
            first = (await consumer.beginning_offsets([place]))[place]
            end = (await consumer.end_offsets([place]))[place]
    except (KafkaError, OSError, AssertionError) as error:
        # TimeoutError is an OSError; aiokafka asserts that some broker is there
        log.warning("not known where an inbox begins", reason=f"{type(error).__name__}: {error}")
        await asyncio.sleep(_REST_SECONDS)
        return
    if place not in consumer.assignment() or (read is not None and first <= read <= end):
        return  # it is another's by now, or nothing is amiss any more
    _tell(place, read, first, end)
    consumer.seek(place, first)
    await commits.passed(consumer, place, first)


def _wanted(gap: KafkaError) -> tuple[TopicPartition, int | None]:
    """Where there is a gap, and the next offset there; None where the group committed none."""
    said = gap.args[0]
    if isinstance(said, TopicPartition):
        return said, None
    ((place, offset),) = said.items()
    return place, offset


def _tell(place: TopicPartition, read: int | None, first: int, end: int) -> None:
    """A new inbox begins at 0; then there is nothing to tell."""
    where = {"topic": place.topic, "partition": place.partition}
    if read is None:
        if first > 0:
            log.warning("not known how far an inbox was read", **where, begins=first)
    elif read < first:
        lost = first - read  # offsets: a client's transactions take some, too
        log.error("records lost", **where, **{"from": read, "to": first - 1}, n=lost)
        LOST.inc(lost)
    else:
        log.error("inbox ends before what was read of it", **where, read=read, ends=end)
