"""Events per second through the bus door, every check on: from a platform's inbox to the log.

    python -m benchmarks.inbox --events 100000

Fills an inbox with contacts, then starts the ingestion service as a process, and counts what stands in
the log from the first look at which there was something until all of it is there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from benchmarks.door import AUTHORITY, SOURCE, deployment, environment, joined, met
from benchmarks.spent import each_100_000, spent
from crosstie.client.inbox import inbox
from crosstie.errors import CrosstieError
from crosstie.registry import Platform, add
from crosstie.runtime.kafka import consumer_options, ends
from crosstie.runtime.stack import stack
from crosstie.runtime.supervised import Supervised
from crosstie.settings import Settings

POLL_SECONDS = 0.05
STILL_SECONDS = 120.0  # without one more in the log: a service that starts slowly takes a minute
PLATFORM = Platform("bench", frozenset([SOURCE]), frozenset([AUTHORITY]))


class Still(CrosstieError):
    """Nothing more came, so that nothing was measured."""


class Patience:
    """With what does not end, as long as it goes on."""

    def __init__(self, seconds: float, expected: int) -> None:
        self._seconds, self._expected = seconds, expected
        self._most, self._since = -1, 0.0

    def seen(self, there: int, at: float) -> None:
        """So many stand in the log at a moment, in seconds. Raises Still where that is no more for long."""
        if there > self._most:
            self._most, self._since = there, at
        elif at - self._since > self._seconds:
            raise Still(
                f"nothing was measured: {there} of {self._expected} events are in the log, and for "
                f"{self._seconds:g} s none came; see what ingestion says, or try again where less else "
                "is at work"
            )


async def measured(settings: Settings, pids: dict[str, int], events: int, logs: Path) -> Any:
    """The rate, and what it cost Kafka, PostgreSQL and the service."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    await add(connection, PLATFORM)
    await connection.close()
    async with inbox(settings.brokers, settings.topics.inbox(PLATFORM.name).name) as to:
        expected = await to.send(chain(joined(), met(events)))
    service = Supervised("ingestion", environment(settings), logs, None)
    kept = asyncio.create_task(service.keep())
    reader = AIOKafkaConsumer(**consumer_options(settings))
    await reader.start()
    try:
        return await followed(settings, reader, service, pids, expected)
    finally:
        await reader.stop()
        kept.cancel()
        await asyncio.gather(kept, return_exceptions=True)
        await service.stop()


async def followed(
    settings: Settings, reader: Any, service: Supervised, pids: dict[str, int], expected: int
) -> Any:
    """Until all is in the log. Raises Still."""
    log, patience = settings.topics.events, Patience(STILL_SECONDS, expected)
    first, head_start, before, processes = 0.0, 0, {}, {}
    while True:
        there = sum((await ends(reader, log.name, range(log.partitions))).values())
        if there and not first:
            processes = {name: [pid] for name, pid in (pids | {"worker": service.pid}).items()}
            first, head_start, before = time.perf_counter(), there, spent(processes)
        if there >= expected:
            break
        patience.seen(there, time.monotonic())
        await asyncio.sleep(POLL_SECONDS)
    seconds, rest = time.perf_counter() - first, expected - head_start
    return {
        "events": expected,
        "seconds": round(seconds, 2),
        "logged_per_second": round(rest / seconds),
        "cpu_seconds_each_100_000": each_100_000(before, spent(processes), rest),
    }


def main() -> None:
    """Measure on the stack of the environment, or on an embedded one."""
    parser = argparse.ArgumentParser("benchmarks.inbox", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    chosen = parser.parse_args()
    with stack() as running, deployment(running) as settings, TemporaryDirectory() as logs:
        found = measured(settings, dict(running.pids), chosen.events, Path(logs))
        print(json.dumps(asyncio.run(found)))


if __name__ == "__main__":
    main()
