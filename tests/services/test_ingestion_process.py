"""The service as it is deployed: a process that is told everything by its environment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from crosstie.runtime.admin import create_topics
from crosstie.runtime.guarded import free_port
from crosstie.runtime.stack import Stack
from tests.services.ingestion_world import World, eventually, joined, process, proxy
from tests.services.ingestion_world import world as made


async def test_it_serves_and_stops_in_order_when_asked(world: World) -> None:
    with process(world) as service:
        headers = {"Authorization": f"Bearer {world.key}"}
        async with httpx.AsyncClient(base_url=service.url(), headers=headers) as http:
            await eventually(lambda: _is_ready(http))
            answer = await http.post("/v1/events", json=joined("ada"))
            metrics = (await http.get("/metrics")).text
        assert answer.status_code == 202
        assert 'crosstie_ingestion_events_total{door="http",result="accepted"} 1.0' in metrics
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=25) == 0
    assert len(await world.events()) == 1


@pytest.mark.slow
async def test_killed_in_the_middle_of_its_work_it_loses_nothing(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    sent = [joined(f"p{n}") for n in range(6_000)]
    wanted = {each["id"] for each in sent}
    async with world.producer() as producer:
        for each in sent:
            await producer.send(inbox, json.dumps(each).encode())
        await producer.flush()
    with process(world):
        await eventually(lambda: _logged(world, 1_000), seconds=60)
    with process(world):
        await eventually(lambda: _all_logged(world, wanted), seconds=60)


async def test_it_is_alive_but_not_ready_while_kafka_is_not_there(world: World) -> None:
    with process(world, CROSSTIE_KAFKA_BOOTSTRAP=f"127.0.0.1:{free_port()}") as service:
        headers = {"Authorization": f"Bearer {world.key}"}
        async with httpx.AsyncClient(base_url=service.url(), headers=headers) as http:
            assert (await http.get("/health/live")).status_code == 200
            assert (await http.get("/health/ready")).status_code == 503
            answer = await http.post("/v1/events", json=joined("ada"))
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=25) == 0


@pytest.mark.slow
async def test_it_stops_in_time_while_postgresql_is_silent(
    stack: Stack, database: str, topic_prefix: str
) -> None:
    async with made(stack.bootstrap, database, topic_prefix) as world, proxy(database) as through:
        with process(world, CROSSTIE_DATABASE_URL=through.url) as service:
            headers = {"Authorization": f"Bearer {world.key}"}
            async with httpx.AsyncClient(
                base_url=service.url(), headers=headers, timeout=60
            ) as http:
                await eventually(lambda: _is_ready(http))
                assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
                through.hush(later_too=True)
                async with asyncio.timeout(15):
                    answer = await http.post("/v1/events", json=joined("bob"))
                assert answer.status_code == 503
            service.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(service.process.wait, timeout=25) == 0


async def test_it_waits_for_its_topics(stack: Stack, database: str, topic_prefix: str) -> None:
    async with made(stack.bootstrap, database, topic_prefix, topics=False) as world:
        with process(world) as service:
            async with httpx.AsyncClient(base_url=service.url()) as http:
                assert (await http.get("/health/ready")).status_code == 503
                create_topics(stack.brokers, world.settings.topics.shared())
                await eventually(lambda: _is_ready(http), seconds=60)


async def test_without_settings_it_says_which_and_exits() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CROSSTIE_")}
    found = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-m", "services.ingestion"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 2
    assert "CROSSTIE_KAFKA_BOOTSTRAP" in found.stderr


async def _is_ready(http: httpx.AsyncClient) -> bool:
    return (await http.get("/health/ready")).status_code == 200


async def _logged(world: World, count: int) -> bool:
    return len(await world.records(world.settings.topics.events.name)) >= count


async def _all_logged(world: World, wanted: set[str]) -> bool:
    return {each.id for each in await world.events()} == wanted
