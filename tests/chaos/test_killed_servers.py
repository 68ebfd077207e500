"""Kafka and PostgreSQL crash in mid-flow and come back; on a stack of this test's own."""

from __future__ import annotations

import pytest

from crosstie.runtime.supervisor import whole_system
from tests.chaos.flows import flow
from tests.e2e.conftest import SYSTEM

pytestmark = [pytest.mark.long, pytest.mark.kafka, pytest.mark.postgres]


async def test_a_broker_and_a_database_killed_in_mid_flow_lose_and_double_nothing() -> None:
    async with (
        whole_system(environment=SYSTEM, liveness=None) as system,
        flow(system) as locality,
    ):
        await locality.send(0.3)
        await system.kill("kafka")
        await locality.send(0.3)
        await system.kill("postgres")
        await locality.send(0.4)
        await locality.ends_clean()
