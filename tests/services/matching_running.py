"""Replicas of matching for tests, in this process or in one of their own, and what they log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from crosstie.runtime.service import Running, add_health
from crosstie.runtime.telemetry import JsonLines
from crosstie.settings import Settings
from services.matching.app import build
from tests.services.matching_world import environment, until


@dataclass
class Logged:
    """What a running service logged."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def logged(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line.get("event") == event]

    def alive(self) -> bool:
        return True

    async def said(self, event: str, times: int = 1) -> dict[str, Any]:
        """Wait until it logged `event` so often; the last such line."""

        async def there() -> bool:
            assert self.alive(), self.lines[-5:]
            return len(self.logged(event)) >= times

        await until(there)
        return self.logged(event)[-1]


@dataclass(kw_only=True)
class Here(Logged):
    """The service inside this process."""

    api: FastAPI
    work: asyncio.Task[None]
    unready: dict[str, str]

    def alive(self) -> bool:
        """Raises what it ended with."""
        if self.work.done():
            self.work.result()
        return not self.work.done()

    def asking(self, key: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.api),
            base_url="http://matching",
            headers={"Authorization": f"Bearer {key}"},
        )


@contextlib.asynccontextmanager
async def here(settings: Settings) -> AsyncIterator[Here]:
    """The service with these settings, stopped in good order."""
    service, running = build(settings), Running()
    add_health(service.api, running)
    work = asyncio.ensure_future(service.work(running))
    mine = Here(api=service.api, work=work, unready=running.unready)
    lines = _Lines(mine.lines)
    logger = logging.getLogger("crosstie")
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        yield mine
        running.stop.set()
        await mine.work
    finally:
        mine.work.cancel()
        logger.removeHandler(lines)


class _Lines(logging.Handler):
    def __init__(self, lines: list[dict[str, Any]]) -> None:
        super().__init__()
        self.lines = lines
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@dataclass(kw_only=True)
class Replica(Logged):
    """One process of the service."""

    process: asyncio.subprocess.Process
    reading: asyncio.Task[None] | None = None

    def alive(self) -> bool:
        return self.process.returncode is None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGCONT)
                self.signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            status = await self.process.wait()
        if self.reading is not None:
            await self.reading
        return status


@contextlib.asynccontextmanager
async def replica(settings: Settings) -> AsyncIterator[Replica]:
    """`python -m services.matching` with these settings."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.matching",
        env=environment(settings),
        stderr=asyncio.subprocess.PIPE,
    )
    mine = Replica(process=process)
    mine.reading = asyncio.create_task(_read(process, mine.lines))
    try:
        await mine.said("listening")
        yield mine
    finally:
        if process.returncode is None:
            await mine.stop()


async def _read(process: asyncio.subprocess.Process, lines: list[dict[str, Any]]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        try:
            lines.append(json.loads(line))
        except ValueError:
            lines.append({"event": "noise", "text": line.decode(errors="replace")})
