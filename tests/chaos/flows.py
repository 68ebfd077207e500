"""A locality whose events are sent in parts, with answers going back all the while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from crosstie.events import ERASED
from crosstie.replay.books import check
from crosstie.runtime.admin import admin
from crosstie.runtime.supervised import Supervised, all_ready
from crosstie.runtime.supervisor import READY_SECONDS, System
from crosstie.simulate.scenario import Scenario
from crosstie.simulate.stream import events
from tests.e2e.platforms import TestPlatform, platform
from tests.e2e.waiting import caught_up, until

SCENARIO = Scenario(members=50, seed=11, days=12, doubled=0.02, late=0.05)
CHUNK = 40


class Flow:
    """Sends the scenario's events part by part."""

    def __init__(self, system: System, to: TestPlatform) -> None:
        self.system = system
        self.platform = to
        self._events = [event for event in events(SCENARIO) if event["type"] != ERASED]
        self._sent = 0

    async def send(self, share: float, *, by_inbox: bool = False) -> None:
        """That share of all events, each acknowledged."""
        send = self.platform.send_by_inbox if by_inbox else self.platform.send
        until = min(self._sent + round(share * len(self._events)), len(self._events))
        for at in range(self._sent, until, CHUNK):
            await send(self._events[at : min(at + CHUNK, until)])
        self._sent = until

    async def ends_clean(self) -> None:
        """Everything arrives, suggestions come, and every book is clean."""
        # a matcher that runs for the first time compiles first: longer than it takes to send all
        await until(self._suggested, "suggestions came")
        await caught_up(self.system.settings)
        books = await check(self.system.settings, acknowledged=self.platform.acknowledged)
        assert [book for book in books.books if not book.ok] == []
        assert books.named("rounds").counted["suggestions"] > 0

    async def _suggested(self) -> object:
        return len(self.platform.received) > 0

    async def more_rounds_than(self, before: int) -> None:
        """Return once somebody leads on."""

        async def led_on() -> object:
            return (n := await self.rounds()) > before or (before, n)

        await until(led_on, "a leader opens rounds")

    async def inboxes_read_by(self, workers: int) -> None:
        """Return once so many workers of ingestion share the platform's inbox."""
        settings = self.system.settings
        group = f"{settings.topic_prefix}ingestion"
        client = admin(settings.brokers)

        def read() -> object:
            told = client.describe_consumer_groups([group])[group].result()
            held = [len(each.assignment.topic_partitions) for each in told.members]
            return (len(held) == workers and all(held)) or held

        await until(lambda: asyncio.to_thread(read), f"inboxes are read by {workers}")

    async def rounds(self) -> int:
        """How many rounds are published."""
        connection = await asyncpg.connect(self.system.settings.database_url.get_secret_value())
        try:
            return int(await connection.fetchval("SELECT published_n FROM matching.head"))
        finally:
            await connection.close()


@asynccontextmanager
async def flow(system: System) -> AsyncIterator[Flow]:
    """A platform that answers while its events are sent."""
    url = system.urls["ingestion"]
    async with (
        platform(system.settings, url, SCENARIO) as locality,
        locality.answering(SCENARIO.source),
    ):
        yield Flow(system, locality)


@asynccontextmanager
async def another(system: System, name: str) -> AsyncIterator[Supervised]:
    """A second worker of a service, ready."""
    worker = Supervised(name, system.env, system.logs / "second", None)
    (system.logs / "second").mkdir(exist_ok=True)
    keeping = asyncio.create_task(worker.keep())
    try:
        await all_ready({name: worker}, READY_SECONDS)
        yield worker
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await worker.stop()
