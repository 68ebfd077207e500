"""Kafka says nothing for a minute: nobody gets in, all stay alive and unready, and go on afterwards."""

from __future__ import annotations

import asyncio
import signal
from time import monotonic

import httpx
import pytest

from crosstie.runtime.supervisor import System, whole_system
from tests.chaos.away import AWAY_SECONDS, described, unready
from tests.chaos.flows import Flow, flow
from tests.e2e.conftest import SYSTEM
from tests.e2e.waiting import until

pytestmark = [
    pytest.mark.long,
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.timeout(900),
]


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
