"""PostgreSQL says nothing for a minute: who is known gets in, who is not is put off; all go on afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

import httpx
import pytest
from sqlalchemy import make_url

from crosstie.chaos.proxy import Proxy
from crosstie.runtime.supervisor import System, whole_system
from tests.chaos.away import AWAY_SECONDS, described, unready
from tests.chaos.flows import Flow, flow
from tests.e2e.waiting import until

pytestmark = [
    pytest.mark.long,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
]


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
