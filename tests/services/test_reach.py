"""Readiness follows what Kafka and PostgreSQL answer, not whether their ports are open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosstie.runtime import reach
from crosstie.runtime.embedded_kafka import EmbeddedKafka
from crosstie.runtime.service import Running
from tests.services.ingestion_world import eventually, proxy, settings_for
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


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "EVERY_SECONDS", 0.2)


@pytest.mark.slow
async def test_a_broker_that_stands_still_is_away_until_it_goes_on(
    broker: EmbeddedKafka, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running()
    caplog.set_level("INFO", "crosstie.reach")
    async with reach.watching("ingestion", settings_for(broker.bootstrap, database, "t."), running):
        await running.pause(1)
        assert running.unready == {}
        async with standing_still(broker.server.pid):
            await eventually(lambda: running.unready)
            assert running.unready == {"kafka": "no answer within 3 s"}
            await running.pause(4)  # it goes on asking
        await eventually(lambda: not running.unready)
    assert [each.message for each in caplog.records] == ["does not answer", "answers again"]


@pytest.mark.slow
async def test_a_postgresql_that_falls_silent_is_away(broker: EmbeddedKafka, database: str) -> None:
    running = Running()
    async with proxy(database) as through:
        settings = settings_for(broker.bootstrap, through.url, "t.")
        async with asyncio.timeout(30), reach.watching("ingestion", settings, running):
            await running.pause(1)
            assert running.unready == {}
            through.hush(later_too=True)
            await eventually(lambda: running.unready)
            assert running.unready == {"postgresql": "no answer within 3 s"}


@pytest.mark.slow
async def test_a_killed_broker_is_away_until_it_is_back(
    broker: EmbeddedKafka, database: str
) -> None:
    running = Running()
    async with reach.watching("ingestion", settings_for(broker.bootstrap, database, "t."), running):
        await asyncio.to_thread(broker.kill)
        await eventually(lambda: "kafka" in running.unready)
        await asyncio.to_thread(broker.restart)
        await eventually(lambda: not running.unready, seconds=60)


async def test_a_postgresql_that_denies_the_services_role_is_away(
    broker: EmbeddedKafka, database: str
) -> None:
    running = Running()
    settings = settings_for(broker.bootstrap, database, "t.")
    async with reach.watching("nobody", settings, running):
        await eventually(lambda: running.unready)
    assert 'role "crosstie_nobody" does not exist' in running.unready["postgresql"]
