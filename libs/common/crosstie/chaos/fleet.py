"""Several workers of each service, each a process that is started again; by names such as `profile-2`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from crosstie.chaos import shifted
from crosstie.runtime.guarded import StackFailed
from crosstie.runtime.supervised import Supervised, all_ready
from crosstie.runtime.supervisor import SERVICES

READY_SECONDS = 240.0


class Fleet:
    """The workers that are wanted now."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = environment
        self._logs = logs
        self._workers: dict[str, Supervised] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self.starts = 0  # of workers that are gone meanwhile; see `restarts`

    def url(self, name: str) -> str | None:
        """Where that worker listens, None while it is not wanted."""
        worker = self._workers.get(name)
        return None if worker is None else worker.url

    @property
    def restarts(self) -> int:
        """How often any worker was started again."""
        return self.starts + sum(max(each.starts - 1, 0) for each in self._workers.values())

    def add(self, name: str) -> None:
        """Start a worker and keep it running."""
        logs = self._logs / name
        logs.mkdir(exist_ok=True)
        shifted.jump(self._clock(name), 0)
        through = (shifted.__name__, str(self._clock(name)))
        worker = Supervised(service_of(name), self._environment, logs, None, through)
        self._workers[name] = worker
        self._keepers[name] = asyncio.create_task(worker.keep())

    async def remove(self, name: str) -> None:
        """Stop a worker in good order."""
        keeper, worker = self._keepers.pop(name), self._workers.pop(name)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await worker.stop()
        self.starts += max(worker.starts - 1, 0)

    def jump(self, name: str, seconds: float) -> None:
        """Set a worker's wall clock so far off, while it runs."""
        shifted.jump(self._clock(name), seconds)

    def _clock(self, name: str) -> Path:
        return self._logs / name / "clock"

    def signal(self, name: str, number: signal.Signals) -> bool:
        """Send a signal; whether there was a process to send it to."""
        worker = self._workers.get(name)
        with contextlib.suppress(StackFailed, ProcessLookupError):
            if worker is not None and worker.running:
                os.kill(worker.pid, number)
                return True
        return False

    async def ready(self) -> None:
        """Return once all are. Raises StackFailed with the ends of their logs."""
        await all_ready(self._workers, READY_SECONDS)

    async def close(self) -> None:
        """Stop all of them."""
        await asyncio.gather(*(self.remove(name) for name in [*self._workers]))


def service_of(worker: str) -> str:
    """The service that a worker runs."""
    return worker.partition("-")[0]


def workers_of_each(many: int) -> tuple[str, ...]:
    """Names of so many workers of each service."""
    return tuple(f"{service}-{n}" for service in SERVICES for n in range(1, many + 1))


@asynccontextmanager
async def fleet(
    environment: Mapping[str, str], logs: Path, workers: int
) -> AsyncIterator[tuple[Fleet, tuple[str, ...]]]:
    """`workers` of each service, ready; and their names."""
    made = Fleet(environment, logs)
    names = workers_of_each(workers)
    try:
        for name in names:
            made.add(name)
        await made.ready()
        yield made, names
    finally:
        await made.close()
