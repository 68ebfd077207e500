"""The log's producer is everyone's: one caller who runs out of time takes nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from crosstie.door.entries import Entry
from crosstie.errors import BrokerAway
from crosstie.runtime.admin import create_topics
from crosstie.runtime.stack import Stack
from services.ingestion.log import Log
from tests.services.ingestion_world import settings_for


@pytest.fixture
async def log(stack: Stack, topic_prefix: str) -> AsyncIterator[tuple[Log, str]]:
    settings = settings_for(stack.bootstrap, stack.database_url, topic_prefix)
    topic = settings.topics.events
    await asyncio.to_thread(create_topics, stack.brokers, [topic])
    log = Log(settings)
    await log.append(topic.name, entries(1), 1)
    yield log, topic.name
    await log.stop()


def entries(count: int) -> Iterator[Entry]:
    for n in range(count):
        yield Entry(f"k{n}".encode(), b"v" * 200, ())


async def test_a_caller_who_runs_out_of_time_takes_nothing_from_the_others(
    log: tuple[Log, str],
) -> None:
    to, topic = log
    producer = to._producer

    async def hurried() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await to.append(topic, entries(20_000), 20_000)

    others = (to.append(topic, entries(2_000), 2_000) for _ in range(5))
    await asyncio.gather(hurried(), *others)
    assert to._producer is producer


async def test_what_a_caller_fails_at_himself_takes_nothing_from_the_others_either(
    log: tuple[Log, str],
) -> None:
    to, topic = log
    producer = to._producer

    def broken() -> Iterator[Entry]:
        yield from entries(10)
        raise LookupError

    with pytest.raises(LookupError):
        await to.append(topic, broken(), 20)
    assert to._producer is producer
    await to.append(topic, entries(0), 0)


async def test_a_producer_that_fails_is_thrown_away(log: tuple[Log, str]) -> None:
    to, topic = log
    producer = to._producer
    await producer.stop()
    with pytest.raises(BrokerAway):
        await to.append(topic, entries(1), 1)
    await to.append(topic, entries(1), 1)
    assert to._producer is not producer


async def test_a_producer_that_hears_nothing_is_thrown_away(
    log: tuple[Log, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to, topic = log
    producer = to._producer
    monkeypatch.setattr("services.ingestion.log._SILENT_SECONDS", 0.2)
    monkeypatch.setattr("services.ingestion.log.DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr(producer, "send", lambda *_, **__: asyncio.Event().wait())
    with pytest.raises(BrokerAway):
        await to.append(topic, entries(1), 1)
    assert to._producer is None
