"""A process ends in time whatever hangs in it, and what is away at the end is no failure."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from fastapi import FastAPI

from crosstie.errors import BrokerAway
from crosstie.runtime import database, service, supervised, telemetry
from crosstie.runtime.service import Running, Service
from crosstie.runtime.stopping import cut_short
from services.ingestion import app as ingestion
from services.ingestion import inbox
from services.ingestion import log as appending
from services.matching import app as matching
from services.matching import publishing
from services.profile import assignment, delivery
from services.profile import log as profile_log

PROMISED_SECONDS = 25  # to operators, and to whoever writes manifests
HANGING = """
import asyncio
from contextlib import suppress
from fastapi import FastAPI
from crosstie.runtime import service

service.SHUTDOWN_SECONDS = service.CUT_SHORT_SECONDS = 0.1
service.LAST_RESORT_SECONDS = 3

async def work(running):
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

service.run("hanging", lambda settings: service.Service(FastAPI(), work))
"""


def test_the_steps_of_a_stop_take_less_than_is_promised() -> None:
    assert service.STEPS_SECONDS < service.LAST_RESORT_SECONDS < service.STOP_SECONDS
    assert service.STOP_SECONDS == PROMISED_SECONDS < supervised.GRACE_SECONDS


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(
            (
                inbox.LEAVING_SECONDS,
                ingestion.IN_HAND_SECONDS,
                ingestion.CLOSING_SECONDS,
                appending.LEAVING_SECONDS,
            ),
            id="ingestion",
        ),
        pytest.param(
            (
                matching.FINISH_SECONDS,
                matching.CUT_SHORT_SECONDS,
                publishing.CLOSE_SECONDS,
                database.LEAVING_SECONDS,
            ),
            id="matching",
        ),
        pytest.param(
            (
                assignment.RELEASE_SECONDS,
                assignment.CUT_SHORT_SECONDS,
                profile_log.NOTE_SECONDS,
                delivery.LEAVING_SECONDS,
                2 * database.LEAVING_SECONDS,
            ),
            id="profile",
        ),
    ],
)
def test_what_a_service_does_at_the_stop_fits_in_the_time_of_its_work(
    steps: tuple[float, ...],
) -> None:
    assert sum(steps) < service.SHUTDOWN_SECONDS


async def hangs(cancellations: int) -> None:
    """As asyncpg does: each clean-up waits for the server once more."""
    for _ in range(cancellations):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


@pytest.mark.parametrize(("cancellations", "ends"), [(1, True), (3, True), (1_000, False)])
async def test_a_task_is_cancelled_until_it_ends_or_time_is_over(
    cancellations: int, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.runtime.stopping._AGAIN_SECONDS", 0.01)
    task = asyncio.create_task(hangs(cancellations))
    await asyncio.sleep(0)
    assert await cut_short(task, 0.3) is ends
    monkeypatch.setattr("crosstie.runtime.stopping._AGAIN_SECONDS", 0)
    await cut_short(task, 60)


async def status(work: Callable[[Running], Awaitable[None]], running: Running) -> int:
    log = telemetry.logger("test")
    return await service._work(log, Service(FastAPI(), work), running)


async def test_what_is_away_at_the_stop_is_no_failure_and_before_it_is_one() -> None:
    async def waits(running: Running) -> None:
        await running.stop.wait()
        raise BrokerAway("connection refused")

    async def gives_up(_: Running) -> None:
        raise BrokerAway("connection refused")

    asked = Running()
    asked.stop.set()
    assert await status(waits, asked) == 0
    assert await status(gives_up, Running()) == 1


async def test_work_that_is_late_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SHUTDOWN_SECONDS", 0.01)

    async def late(running: Running) -> None:
        await asyncio.sleep(60)

    asked = Running()
    asked.stop.set()
    assert await status(late, asked) == 1


def test_work_that_cannot_be_cancelled_does_not_keep_the_process() -> None:
    environment = {
        "CROSSTIE_KAFKA_BOOTSTRAP": "127.0.0.1:9",
        "CROSSTIE_DATABASE_URL": "postgresql://127.0.0.1:9/x",
    }
    with subprocess.Popen(
        [sys.executable, "-c", HANGING],
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("listening" in line for line in iter(process.stderr.readline, ""))
        process.send_signal(signal.SIGTERM)
        try:
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 1
    assert "stopped late" in said
    assert "Timeout" in said, "and shows where it hung"
