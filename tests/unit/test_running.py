"""What the parts of a service rely on: pauses that end when told, and no part that ends unseen."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from crosstie.runtime import telemetry
from crosstie.runtime.service import Running, add_health, readiness_told
from services.matching.app import lasting, seen


@pytest.mark.parametrize("turns", range(4))
async def test_a_pause_never_swallows_a_cancellation(turns: int) -> None:
    running = Running()
    pausing = asyncio.create_task(running.pause(60))
    for _ in range(3):
        await asyncio.sleep(0)
    running.stop.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    if pausing.cancel():
        with pytest.raises(asyncio.CancelledError):
            await pausing


async def ends() -> None:
    await asyncio.sleep(0)


async def is_cancelled() -> None:
    other = asyncio.create_task(asyncio.sleep(60))
    other.cancel()
    await other


async def group_with(child: Awaitable[None]) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(lasting("reader", child, Running()))
        group.create_task(asyncio.sleep(60))


async def test_a_child_that_ends_before_the_stop_ends_the_group() -> None:
    for child in (ends, is_cancelled):
        with pytest.raises(ExceptionGroup) as caught:
            await group_with(child())
        assert [type(each) for each in caught.value.exceptions] == [RuntimeError]


async def test_a_child_that_ends_at_the_stop_or_is_cancelled_by_its_group_is_no_failure() -> None:
    running = Running()
    running.stop.set()
    await lasting("reader", ends(), running)
    task = asyncio.create_task(seen("reader", asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_series_tells_what_the_probe_of_readiness_answers() -> None:
    running = Running(unready={"start": "waiting for Kafka and PostgreSQL"})
    add_health(FastAPI(), running)
    assert REGISTRY.get_sample_value("crosstie_ready") == 0
    running.unready.clear()
    assert REGISTRY.get_sample_value("crosstie_ready") == 1


class Said(logging.Handler):
    """What is logged, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        line = json.loads(telemetry.JsonLines().format(record))
        self.lines.put_nowait((f"{line['level']} {line['event']}", line.get("reasons", {})))


async def test_why_a_service_is_not_ready_is_logged_once_for_each_change_of_reason() -> None:
    said, logger = Said(), logging.getLogger("crosstie.some")
    logger.addHandler(said)
    logger.setLevel(logging.INFO)
    running = Running(unready={"start": "compiling"})
    async with asyncio.timeout(30), readiness_told(telemetry.logger("some"), running, 0.001):
        assert await said.lines.get() == ("INFO not ready", {"start": "compiling"})
        running.unready["start"] = "partition 3 stands for 1 s"
        assert (await said.lines.get())[1] == {"start": "partition 3 stands for 1 s"}
        running.unready["start"] = "partition 3 stands for 2 s"  # no line: figures alone changed
        await asyncio.sleep(0.01)
        running.unready.clear()
        assert await said.lines.get() == ("INFO ready", {})
        running.unready["kafka"] = "no answer"
        assert await said.lines.get() == ("WARNING not ready", {"kafka": "no answer"})
    logger.removeHandler(said)
    assert said.lines.empty()
