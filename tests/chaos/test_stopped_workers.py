"""A worker that stands still is replaced; when it wakes up, it finds itself fenced."""

from __future__ import annotations

import signal
from collections.abc import Mapping

import pytest

from crosstie.runtime.supervisor import whole_system
from tests.chaos.flows import another, flow
from tests.e2e.waiting import caught_up

pytestmark = pytest.mark.long


async def test_a_second_profile_takes_over_and_the_first_wakes_up_fenced(
    environment: Mapping[str, str],
) -> None:
    async with (
        whole_system(environment=environment, liveness=None) as system,
        another(system, "profile"),
        flow(system) as locality,
    ):
        await locality.send(0.3)
        await system.kill("profile", signal.SIGSTOP)
        await locality.send(0.4)
        await caught_up(system.settings)
        await system.kill("profile", signal.SIGCONT)
        await locality.send(0.3)
        await locality.ends_clean()


async def test_a_second_matching_leads_and_the_first_wakes_up_fenced(
    environment: Mapping[str, str],
) -> None:
    async with (
        whole_system(environment=environment, liveness=None) as system,
        another(system, "matching"),
        flow(system) as locality,
    ):
        await locality.send(0.3)
        await locality.more_rounds_than(0)
        await system.kill("matching", signal.SIGSTOP)
        before = await locality.rounds()
        await locality.send(0.4)
        await locality.more_rounds_than(before)
        await system.kill("matching", signal.SIGCONT)
        await locality.send(0.3)
        await locality.ends_clean()


async def test_a_second_ingestion_reads_on_and_the_first_wakes_up_without_its_inboxes(
    environment: Mapping[str, str],
) -> None:
    async with (
        whole_system(environment=environment, liveness=None) as system,
        another(system, "ingestion"),
        flow(system) as locality,
    ):
        await locality.inboxes_read_by(2)
        await locality.send(0.3, by_inbox=True)
        await system.kill("ingestion", signal.SIGSTOP)
        await locality.send(0.4, by_inbox=True)
        await locality.inboxes_read_by(1)
        await caught_up(system.settings)
        await system.kill("ingestion", signal.SIGCONT)
        await locality.inboxes_read_by(2)
        await locality.send(0.3, by_inbox=True)
        await locality.ends_clean()
