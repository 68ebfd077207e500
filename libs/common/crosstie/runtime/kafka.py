"""Kafka for services: one set of client options, and waiting for a broker that is not there yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.partitioner import DefaultPartitioner

from crosstie.errors import BrokerAway
from crosstie.runtime.admin import topic_ids
from crosstie.runtime.away import UNCOORDINATED, answered, reached
from crosstie.runtime.database import retrying
from crosstie.runtime.plain_offsets import ask_plainly
from crosstie.runtime.service import Running
from crosstie.runtime.tolerant import tolerate
from crosstie.settings import Settings
from crosstie.topics import LOG_PARTITIONS, Topic

# a single broker takes about 20 s after an unclean stop: shorter, and sends fail for nothing
REQUEST_TIMEOUT_MS = 40_000
METADATA_MAX_AGE_MS = 10_000
# a full round of a million, or all rows of a partition anew, take minutes; a successor ends it at once
TRANSACTION_MS = 600_000
_by_hash = DefaultPartitioner()


def client_options(settings: Settings) -> dict[str, Any]:
    """Arguments that every aiokafka client of this deployment shares."""
    return settings.brokers.aiokafka() | {
        "request_timeout_ms": REQUEST_TIMEOUT_MS,
        "metadata_max_age_ms": METADATA_MAX_AGE_MS,
    }


def consumer_options(settings: Settings) -> dict[str, Any]:
    """For consumers: only committed records, no shrug at gaps, no offsets committed behind our back.

    And whatever a broker took is read: no record stops the consumers of this process.
    """
    tolerate()
    ask_plainly()
    return client_options(settings) | {
        "isolation_level": "read_committed",
        "auto_offset_reset": "none",
        "enable_auto_commit": False,
        "fetch_max_bytes": 16 * 1024 * 1024,
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
    }


def producer_options(settings: Settings) -> dict[str, Any]:
    """For producers: every record acknowledged by all, once, in order."""
    return client_options(settings) | {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "lz4",
        "linger_ms": 5,
        "max_batch_size": 256 * 1024,
        "max_request_size": 4 * 1024 * 1024,
        "partitioner": partition_of,
    }


def partition_of(key: bytes | None, all: Sequence[int], available: Sequence[int] = ()) -> int:
    """Where Kafka's own clients put a key, had nobody added partitions to those that the log began with.

    What a person or a tie was is folded in one partition, in order.
    """
    first = sorted(all)[:LOG_PARTITIONS]
    if key is None:  # else what is available now makes no difference
        available = [each for each in available if each in first]
    partition: int = _by_hash(key, first, available)
    return partition


async def started(client: Any, running: Running | None = None) -> Any:
    """Start an aiokafka client, waiting for the broker with back-off; returns the client."""

    async def attempt() -> Any:
        with reached(UNCOORDINATED):  # a transactional producer asks for its coordinator
            await client.start()
        return client

    return await retrying(attempt, running, "connect to Kafka")


async def topics_exist(
    settings: Settings, topics: Iterable[Topic], running: Running | None = None
) -> None:
    """Wait with back-off until the topics exist and we may see them.

    aiokafka, asked about a topic that is hidden from us, asks again hundreds of times a second.
    """
    names = [each.name for each in topics]

    async def attempt() -> None:
        found = await asyncio.to_thread(topic_ids, settings.brokers, names)
        if missing := sorted(set(names) - set(found)):
            raise BrokerAway(f"topics {missing} do not exist yet")

    await retrying(attempt, running, "find the topics")


async def ends(consumer: AIOKafkaConsumer, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """The last stable offset of each partition, of all of them. Raises BrokerAway."""
    asked = [TopicPartition(topic, p) for p in partitions]
    with answered():
        found = await consumer.end_offsets(asked)
    # what a broker refuses for the format of its records aiokafka leaves out; one that has just
    # come back may say -1, and no error
    if unknown := [each.partition for each in asked if found.get(each, -1) < 0]:
        raise BrokerAway(f"nobody says yet where {topic} ends in partitions {unknown}")
    return {each.partition: found[each] for each in asked}
