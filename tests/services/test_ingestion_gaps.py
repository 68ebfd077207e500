"""The bus door goes on where records of an inbox are gone, and says which it never read."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from crosstie.runtime.group_offsets import committed
from services.ingestion.gaps import LOST
from tests.logged import fields
from tests.services.ingestion_world import World, eventually, ingestion, joined


async def test_records_deleted_before_they_were_read_are_told_once_and_the_rest_is_read(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "crosstie.ingestion")
    before = LOST._value.get()
    inbox = await sent(world, "a0", "a1", "a2")
    async with ingestion(world.settings):
        await eventually(lambda: _logged(world, 3))
    assert lost(caplog) == []
    await sent(world, *(f"b{n}" for n in range(5)))
    await asyncio.to_thread(deleted, world, inbox, 6)
    async with ingestion(world.settings):
        await eventually(lambda: _logged(world, 5))
        await eventually(lambda: _committed(world, inbox, 8))
    async with ingestion(world.settings):
        await sent(world, "c0")
        await eventually(lambda: _logged(world, 6))
    assert lost(caplog) == [{"topic": inbox, "partition": 0, "from": 3, "to": 5, "n": 3}]
    assert LOST._value.get() - before == 3
    people = [await world.subject(name) for name in ("b3", "b4", "c0")]
    assert all(people)
    assert await world.subject("b2") is None


async def test_an_inbox_whose_every_record_is_gone_is_told_of_without_a_new_one(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = await sent(world, "a0")
    async with ingestion(world.settings):
        await eventually(lambda: _logged(world, 1))
    await sent(world, "b0", "b1")
    await asyncio.to_thread(deleted, world, inbox, 3)
    async with ingestion(world.settings):
        await eventually(lambda: lost(caplog))
        await eventually(lambda: _committed(world, inbox, 3))
    assert lost(caplog) == [{"topic": inbox, "partition": 0, "from": 1, "to": 2, "n": 2}]


async def sent(world: World, *people: str) -> str:
    """Tell of these people on partition 0 of an inbox; its name."""
    inbox = world.settings.topics.inbox("members").name
    async with world.producer() as producer:
        for each in people:
            await producer.send_and_wait(inbox, json.dumps(joined(each)).encode(), partition=0)
    return inbox


def deleted(world: World, topic: str, before: int) -> None:
    """As retention would."""
    admin = AdminClient(world.settings.brokers.librdkafka())
    for each in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        each.result()


def lost(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [fields(r) for r in caplog.records if r.getMessage() == "records lost"]


async def _logged(world: World, count: int) -> bool:
    return len(await world.events()) >= count


async def _committed(world: World, inbox: str, offset: int) -> bool:
    settings = world.settings
    group = f"{settings.topic_prefix}ingestion"
    return (await committed(settings.brokers, group, inbox, [0]))[0] == offset
