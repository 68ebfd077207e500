"""Records into a platform's inbox on a real broker, until all of them were read."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition

from crosstie import dlq
from crosstie.door.arrival import named
from crosstie.door.record import event_of
from crosstie.errors import Rejected
from tests.fuzz.records import Written, record
from tests.services.ingestion_world import World, eventually

AT_ONCE = 2_000
PATIENCE_SECONDS = 3_600.0
Place = tuple[int, int]  # partition and offset


@dataclass
class Produced:
    """Where each record stands, and the id of its event as far as it has one."""

    places: dict[Place, str | None] = field(default_factory=dict)


async def produced(world: World, inputs: Iterator[tuple[random.Random, int]]) -> Produced:
    """Write each of `inputs`, acknowledged."""
    found = Produced()
    inbox = world.settings.topics.inbox("members").name
    async with world.producer(linger_ms=5) as producer:
        batch: list[tuple[asyncio.Future[object], str | None]] = []
        for rng, number in inputs:
            written = record(rng, number)
            sent = await producer.send(inbox, written.value, written.key, headers=written.headers)
            batch.append((sent, _id(written)))
            if len(batch) == AT_ONCE:
                await _placed(batch, found)
        await _placed(batch, found)
    return found


async def read_up(world: World, produced: Produced) -> None:
    """Returns once the group of ingestion has committed what comes after every record."""
    inbox = world.settings.topics.inbox("members").name
    ends: dict[int, int] = {}
    for partition, offset in produced.places:
        ends[partition] = max(offset + 1, ends.get(partition, 0))
    group = f"{world.settings.topic_prefix}ingestion"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=world.settings.kafka_bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:

        async def past_all() -> bool:
            places = {TopicPartition(inbox, each): end for each, end in ends.items()}
            return all([(await consumer.committed(each) or 0) >= places[each] for each in places])

        await eventually(past_all, seconds=PATIENCE_SECONDS)
    finally:
        await consumer.stop()


async def _placed(batch: list[tuple[asyncio.Future[object], str | None]], found: Produced) -> None:
    for sent, id in batch:
        place = await sent
        found.places[place.partition, place.offset] = id  # type: ignore[attr-defined]
    batch.clear()


def _id(written: Written) -> str | None:
    try:
        headers = [(name, value or b"") for name, value in written.headers]
        return named(event_of(written.key, written.value, dlq.as_sent(headers)))
    except Rejected:
        return None
