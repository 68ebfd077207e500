"""Each service starts before Kafka and PostgreSQL are there: it is alive, says what it waits for, waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import make_url

from crosstie.chaos.proxy import Proxy
from crosstie.runtime.admin import create_topics
from crosstie.runtime.service import STOP_SECONDS
from crosstie.runtime.stack import Stack
from crosstie.runtime.supervised import Supervised
from crosstie.runtime.supervisor import SERVICES
from crosstie.topics import Topics
from tests.e2e.conftest import SYSTEM
from tests.e2e.waiting import until

pytestmark = pytest.mark.slow


@asynccontextmanager
async def away(port: int) -> AsyncIterator[Proxy]:
    """A server behind a proxy that lets nobody through yet."""
    between = Proxy(port)
    await between.start()
    between.cut()
    try:
        yield between
    finally:
        await between.stop()


@asynccontextmanager
async def running(service: Supervised) -> AsyncIterator[httpx.AsyncClient]:
    keeping = asyncio.create_task(service.keep())
    try:
        async with httpx.AsyncClient(base_url=service.url, trust_env=False) as http:
            yield http
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await service.stop()


async def answer(http: httpx.AsyncClient, probe: str) -> tuple[int, dict[str, Any]]:
    """Status and body of a health probe; 0 while nobody listens."""
    try:
        found = await http.get(f"/health/{probe}")
    except httpx.TransportError:
        return 0, {}
    return found.status_code, found.json()


def said(log: Path, event: str) -> bool:
    lines = (json.loads(each) for each in log.read_text().splitlines() if each.startswith("{"))
    return any(line["event"] == event for line in lines)


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_waits_for_both_and_says_so(
    name: str, stack: Stack, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    url = make_url(database)
    host, port = stack.bootstrap.split(":")
    async with away(int(port)) as kafka, away(url.port or 0) as postgres:
        theirs = url.set(host=host, port=postgres.port).render_as_string(hide_password=False)
        given = SYSTEM | {
            "CROSSTIE_KAFKA_BOOTSTRAP": f"{host}:{kafka.port}",
            "CROSSTIE_DATABASE_URL": theirs,
            "CROSSTIE_TOPIC_PREFIX": topic_prefix,
        }
        service = Supervised(name, given, tmp_path, None)
        async with running(service) as http:

            async def waits() -> object:
                live, ready = await answer(http, "live"), await answer(http, "ready")
                named = {"kafka", "postgresql", "start"} <= ready[1].get("reasons", {}).keys()
                return (live[0] == 200 and ready[0] == 503 and named) or (live, ready)

            await until(waits, f"{name} is alive and says what it waits for")

            async def retries() -> object:
                return said(tmp_path / f"{name}.log", "retrying")

            await until(retries, f"{name} tries again")
            postgres.mend()
            await asyncio.to_thread(create_topics, stack.brokers, Topics(topic_prefix).shared())
            kafka.mend()

            async def is_ready() -> object:
                found = await answer(http, "ready")
                return found[0] == 200 or found

            await until(is_ready, f"{name} is ready once they are there")
            assert service.starts == 1


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_that_waits_ends_in_time_when_asked(
    name: str, stack: Stack, database: str, topic_prefix: str, tmp_path: Path
) -> None:
    _, port = stack.bootstrap.split(":")
    async with away(int(port)) as kafka:
        given = SYSTEM | {
            "CROSSTIE_KAFKA_BOOTSTRAP": f"127.0.0.1:{kafka.port}",
            "CROSSTIE_DATABASE_URL": database,
            "CROSSTIE_TOPIC_PREFIX": topic_prefix,
        }
        service = Supervised(name, given, tmp_path, None)
        async with running(service) as http:

            async def waits() -> object:
                found = await answer(http, "ready")
                return ("kafka" in found[1].get("reasons", {})) or found

            await until(waits, f"{name} waits for Kafka")
            async with asyncio.timeout(STOP_SECONDS + 2):  # two for the guard to notice
                await service.stop()
            assert said(tmp_path / f"{name}.log", "stopping")
