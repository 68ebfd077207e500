"""A broker that is killed or stands still under both doors: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from crosstie.runtime.embedded_kafka import EmbeddedKafka
from tests.services.ingestion_world import World, client, eventually, ingestion, joined, process
from tests.services.ingestion_world import world as made
from tests.still import standing_still

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    home: Path = tmp_path_factory.mktemp("broker")
    (home / "logs").mkdir()
    broker = EmbeddedKafka(home / "data", home / "logs")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
async def world(
    broker: EmbeddedKafka, database: str, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    prefix = f"t{abs(hash(request.node.name)) % 10**6}."
    async with made(broker.bootstrap, database, prefix) as world:
        yield world


@pytest.mark.slow
async def test_a_broker_killed_and_restarted_loses_nothing_at_either_door(
    world: World, broker: EmbeddedKafka
) -> None:
    inbox = world.settings.topics.inbox("members").name
    acknowledged: set[str] = set()
    numbers = count()

    async def send(http: httpx.AsyncClient) -> None:
        while True:
            sent = [joined(f"h{next(numbers)}") for _ in range(10)]
            answer = await http.post("/v1/events", json=sent)
            while answer.status_code == 503:
                answer = await http.post("/v1/events", json=sent)
            assert answer.status_code == 202
            acknowledged.update(each["id"] for each in sent)
            await asyncio.sleep(0.01)

    async with world.producer() as producer:
        bus = [joined(f"k{n}") for n in range(3_000)]
        for each in bus:
            await producer.send(inbox, json.dumps(each).encode())
        await producer.flush()
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        sending = asyncio.create_task(send(http))
        await eventually(lambda: len(acknowledged) > 50 or sending.done())
        await asyncio.to_thread(broker.kill)
        before = len(acknowledged)
        await asyncio.to_thread(broker.restart)
        await eventually(lambda: len(acknowledged) > before + 200 or sending.done(), seconds=120)
        await eventually(lambda: _ids(world, {each["id"] for each in bus}), seconds=120)
        assert not sending.done()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    assert await _ids(world, acknowledged)
    assert not await world.letters()


@pytest.mark.slow
async def test_while_the_broker_stands_still_callers_get_503_in_time(
    world: World, broker: EmbeddedKafka
) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
        async with standing_still(broker.server.pid):
            async with asyncio.timeout(30):
                answer = await http.post("/v1/events", json=joined("ada"))
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        sent = joined("bob")
        await eventually(lambda: _accepted(http, sent), seconds=90)
    assert await _ids(world, {sent["id"]})


@pytest.mark.slow
async def test_it_is_alive_and_not_ready_while_the_broker_stands_still(
    world: World, broker: EmbeddedKafka
) -> None:
    with process(world) as service:
        async with httpx.AsyncClient(base_url=service.url()) as http:
            await eventually(lambda: _ready(http))
            async with standing_still(broker.server.pid):
                await eventually(lambda: _reasons(http))
                assert (await _reasons(http)).keys() == {"kafka"}
                assert (await http.get("/health/live")).status_code == 200
            await eventually(lambda: _ready(http), seconds=60)


@pytest.mark.slow
async def test_it_stops_in_time_while_the_broker_stands_still(
    world: World, broker: EmbeddedKafka
) -> None:
    inbox = world.settings.topics.inbox("members").name
    with process(world) as service:
        async with httpx.AsyncClient(base_url=service.url()) as http:
            await eventually(lambda: _ready(http))
        async with world.producer() as producer:
            for n in range(2_000):
                await producer.send(inbox, json.dumps(joined(f"p{n}")).encode())
        await eventually(world.events)
        async with standing_still(broker.server.pid):
            service.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(service.process.wait, timeout=25) == 0


@pytest.mark.slow
async def test_it_stops_in_order_while_the_broker_is_down(
    world: World, broker: EmbeddedKafka
) -> None:
    with process(world) as service:
        async with httpx.AsyncClient(base_url=service.url()) as http:
            await eventually(lambda: _ready(http))
        await asyncio.to_thread(broker.kill)
        try:
            service.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(service.process.wait, timeout=25) == 0
        finally:
            await asyncio.to_thread(broker.restart)


async def _ready(http: httpx.AsyncClient) -> bool:
    return (await http.get("/health/ready")).status_code == 200


async def _reasons(http: httpx.AsyncClient) -> dict[str, str]:
    reasons: dict[str, str] = (await http.get("/health/ready")).json()["reasons"]
    return reasons


async def _accepted(http: httpx.AsyncClient, sent: object) -> bool:
    return (await http.post("/v1/events", json=sent)).status_code == 202


async def _ids(world: World, wanted: set[str]) -> bool:
    return wanted <= {each.id for each in await world.events()}
