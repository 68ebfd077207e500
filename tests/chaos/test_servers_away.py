"""A server says nothing for a minute: all stay alive, are unready, and go on by themselves afterwards.

Without PostgreSQL who is known gets in, and who is not is put off; without Kafka nobody gets in.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import httpx
import pytest
from sqlalchemy import make_url

from crosstie import instants
from crosstie.chaos.proxy import Proxy
from crosstie.runtime.supervisor import System, whole_system
from crosstie.simulate.stream import cloud_event
from tests.chaos.flows import SCENARIO, Flow, flow
from tests.e2e.conftest import SYSTEM
from tests.e2e.waiting import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
]

AWAY_SECONDS = 60.0
TIME = instants.from_rfc3339("2026-01-05T09:00:00Z")


@dataclass
class Line:
    """A whole system whose way to PostgreSQL is ours."""

    system: System
    database: Proxy


@pytest.fixture
async def line(environment: Mapping[str, str], database: str) -> AsyncIterator[Line]:
    url = make_url(database)
    between = Proxy(url.port or 0)
    await between.start()
    theirs = url.set(port=between.port).render_as_string(hide_password=False)
    try:
        async with whole_system(
            environment={**environment, "CROSSTIE_DATABASE_URL": theirs}, liveness=None
        ) as system:
            yield Line(system, between)
    finally:
        await between.stop()


@asynccontextmanager
async def silent(line: Line) -> AsyncIterator[None]:
    line.database.silence()
    try:
        yield
    finally:
        line.database.mend()


async def unready(system: System, http: httpx.AsyncClient, server: str) -> object:
    """True once every service says that `server` does not answer, and lives."""
    for url in system.urls.values():
        if (await http.get(f"{url}/health/live")).status_code != 200:
            return f"{url} is not alive"
        reasons = (await http.get(f"{url}/health/ready")).json()["reasons"]
        if server not in reasons:
            return f"{url}: {reasons}"
    return True


def described(person: str, n: int) -> dict[str, object]:
    said = {"member": {"authority": SCENARIO.authority, "id": person}, "role": f"role {n}"}
    return cloud_event(SCENARIO.source, f"{person}/{n}", TIME + n, "member.described", said)


async def sent_while_away(locality: Flow, known: str) -> int:
    """Once a second for a minute, about somebody who is known: how many were taken."""
    begun, n = monotonic(), 0
    while monotonic() - begun < AWAY_SECONDS:
        await locality.platform.send([described(known, n)])
        n += 1
        await asyncio.sleep(1.0)
    return n


async def test_a_minute_without_postgresql_loses_nothing_and_nobody_restarts(line: Line) -> None:
    system = line.system
    async with flow(system) as locality, httpx.AsyncClient(trust_env=False, timeout=30) as http:
        await locality.send(0.5)
        await locality.platform.send([described("known", 0)])
        before = {name: each.starts for name, each in system.services.items()}
        async with silent(line):
            taking = asyncio.create_task(sent_while_away(locality, "known"))
            await until(lambda: unready(system, http, "postgresql"), "all are alive and unready")
            answer = await locality.platform.post([described("stranger", 0)])
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert await taking > 0
        await system.ready()
        await locality.send(0.5)
        await locality.ends_clean()
        assert {name: each.starts for name, each in system.services.items()} == before


async def refused_while_away(locality: Flow, system: System, http: httpx.AsyncClient) -> list[int]:
    """Once a second for a minute: what the door answers, each time within its deadline."""
    begun, answers = monotonic(), list[int]()
    while monotonic() - begun < AWAY_SECONDS:
        answer = await locality.platform.post([described("known", len(answers))])
        assert int(answer.headers["retry-after"]) > 0
        answers.append(answer.status_code)
        for url in system.urls.values():
            assert (await http.get(f"{url}/health/live")).status_code == 200
        await asyncio.sleep(1.0)
    return answers


async def test_a_minute_without_kafka_acknowledges_nothing_and_nobody_restarts() -> None:
    async with (
        whole_system(environment=SYSTEM, liveness=None) as system,
        flow(system) as locality,
        httpx.AsyncClient(trust_env=False, timeout=30) as http,
    ):
        await locality.send(0.5)
        await locality.platform.send([described("known", 0)])
        await locality.more_rounds_than(0)
        before = {name: each.starts for name, each in system.services.items()}
        await system.kill("kafka", signal.SIGSTOP)
        try:
            await until(lambda: unready(system, http, "kafka"), "all are alive and unready")
            assert set(await refused_while_away(locality, system, http)) == {503}
        finally:
            await system.kill("kafka", signal.SIGCONT)
        await system.ready()
        await locality.send(0.5)
        await locality.ends_clean()
        assert {name: each.starts for name, each in system.services.items()} == before
