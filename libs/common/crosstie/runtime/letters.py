"""Reading `dlq.v1`, and putting a dead letter's original back on its inbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from crosstie import dlq
from crosstie.dlq import Letter
from crosstie.errors import BrokerAway, Rejected
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.stopping import stop
from crosstie.topics import Topics

_POLL_MS = 500
_REPLAY_SECONDS = 60


async def letters(bootstrap: str, topics: Topics) -> AsyncIterator[Letter]:
    """Every dead letter kept, each once, oldest first within a partition. Raises BrokerAway."""
    name = topics.dlq.name
    existing = await asyncio.to_thread(partitions_of, bootstrap)
    places = [TopicPartition(name, each) for each in range(existing.get(name, 0))]
    seen: set[str] = set()
    async with _consumer(bootstrap) as consumer:
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(each) < ends[each] for each in places]):
            found = await consumer.getmany(timeout_ms=_POLL_MS)
            for record in (each for records in found.values() for each in records):
                letter = dlq.read(record.key, record.value, record.headers)
                if letter.name not in seen:
                    seen.add(letter.name)
                    yield letter


async def replay(bootstrap: str, topics: Topics, chosen: Iterable[Letter]) -> int:
    """Put originals back on their inboxes, byte for byte; how many. Raises BrokerAway, Rejected."""
    count = 0
    async with _producer(bootstrap) as producer, asyncio.timeout(_REPLAY_SECONDS):
        for letter in chosen:
            if not letter.topic.startswith(topics.inbox_prefix):
                limit = f"an inbox: {topics.inbox_prefix}<platform>"
                raise Rejected("/topic", letter.topic, limit, "set CROSSTIE_TOPIC_PREFIX")
            key, value, headers = letter.key, letter.value, letter.headers
            if letter.omitted:
                record = await _original(bootstrap, letter)
                key, value, headers = record.key, record.value, list(record.headers)
            if key is None and value is None:
                key = b""  # aiokafka sends no record without both
            await producer.send_and_wait(letter.topic, value, key, headers=headers)
            count += 1
    return count


async def _original(bootstrap: str, letter: Letter) -> Any:
    place = TopicPartition(letter.topic, letter.partition)
    async with _consumer(bootstrap) as consumer:
        consumer.assign([place])
        first = (await consumer.beginning_offsets([place]))[place]
        if first > letter.offset:
            limit = f"still on the inbox, which begins at {first}"
            raise Rejected("/offset", letter.offset, limit, "ask the platform to send it again")
        consumer.seek(place, letter.offset)
        return await consumer.getone()


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
    )
    async with _running(consumer):
        yield consumer


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        compression_type="lz4",
        max_request_size=512 * 1024 * 1024,  # the broker's limit is on what is compressed
    )
    async with _running(producer):
        yield producer


@asynccontextmanager
async def _running(client: Any) -> AsyncIterator[None]:
    try:
        await client.start()
        yield
    except (KafkaError, OSError) as error:
        raise BrokerAway(f"{type(error).__name__}: {error}") from error
    finally:
        await stop(client)
