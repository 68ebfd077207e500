"""The auditor: from what was acknowledged, from topics and from tables, never from a service's word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import asyncpg

from crosstie.errors import BrokerAway, DatabaseAway, Transient
from crosstie.matching.record import decode
from crosstie.runtime.admin import end_offsets, partitions_of
from crosstie.runtime.database import transient
from crosstie.runtime.group_offsets import committed
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings

log = logger("chaos")

EVERY_SECONDS = 2.0
STUCK_SECONDS = 30.0
POSITIONS = "SELECT partition, next_offset, published_offset FROM profile.partitions"
HEAD = "SELECT n, published_n FROM matching.head"
READ = "SELECT body FROM matching.rounds ORDER BY n DESC LIMIT 1"
DECIDING = "matching"  # what is read by rounds; those that decide nothing are recorded seldom


@dataclass(frozen=True, slots=True)
class Standing:
    """How far everything is, by stage; `behind` is what each has still to do."""

    done: dict[str, int]
    behind: dict[str, int]

    @property
    def stored(self) -> bool:
        """Nothing is left to do for what must be done at once."""
        return not any(left for stage, left in self.behind.items() if stage != DECIDING)

    @property
    def caught_up(self) -> bool:
        """Nothing is left to do; what changes nothing is not read by a round before something does."""
        return not any(self.behind.values())


async def standing(settings: Settings) -> Standing:
    """Inboxes read, log folded, rows published, read by rounds, and these published. Raises Transient."""
    read, waiting = await _inboxes(settings)
    log_name = settings.topics.events.name
    partitions = range(settings.topics.events.partitions)
    ends = await asyncio.to_thread(end_offsets, settings.brokers, log_name, partitions)
    rows, head, decided = await _positions(settings)
    folded = sum(next for _, next, _ in rows)
    published = sum(out for _, _, out in rows)
    rounds, out = head
    return Standing(
        {
            "inboxes": read,
            "fold": folded,
            "network": published,
            DECIDING: decided,
            "rounds": out,
        },
        {
            "inboxes": waiting,
            "fold": sum(ends.values()) - folded,
            "network": folded - published,
            DECIDING: max(published - decided, 0),
            "rounds": rounds - out,
        },
    )


async def _positions(
    settings: Settings,
) -> tuple[list[tuple[int, int, int]], tuple[int, int], int]:
    with transient():
        connection = await asyncpg.connect(settings.database_url.get_secret_value(), timeout=5)
        try:
            rows = await connection.fetch(POSITIONS, timeout=5)
            head = await connection.fetchrow(HEAD, timeout=5)
            body = await connection.fetchval(READ, timeout=5)
        finally:
            await connection.close(timeout=5)
    decided = 0 if body is None else sum(decode(bytes(body)).offsets)
    return [tuple(each) for each in rows], (tuple(head) if head is not None else (0, 0)), decided


async def _inboxes(settings: Settings) -> tuple[int, int]:
    group = f"{settings.topic_prefix}ingestion"
    known = await asyncio.to_thread(partitions_of, settings.brokers)
    read = waiting = 0
    for name, partitions in known.items():
        if name.startswith(settings.topics.inbox_prefix):
            mine = await committed(settings.brokers, group, name, range(partitions))
            every = range(partitions)
            ends = await asyncio.to_thread(end_offsets, settings.brokers, name, every)
            read += sum(mine.values())
            waiting += sum(ends.values()) - sum(mine.values())
    return read, waiting


@dataclass
class Watch:
    """Looks for stages that have work and do none, while no fault excuses them."""

    settings: Settings
    excused_until: Callable[[], float]  # monotonic; infinite while a fault lasts
    stuck: list[str] = field(default_factory=list)
    looks: int = 0
    _since: dict[str, tuple[int, float]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                self.look(await standing(self.settings), monotonic())
            except (Transient, BrokerAway, DatabaseAway):
                self._since.clear()  # the servers are away: nobody can be expected to go on
            await asyncio.sleep(EVERY_SECONDS)

    def look(self, now: Standing, at: float) -> None:
        """Where things stand at a moment, in monotonic seconds."""
        self.looks += 1
        for stage, done in now.done.items():
            before, since = self._since.get(stage, (-1, at))
            if done != before or not now.behind[stage]:
                since = at
            since = min(max(since, self.excused_until()), at)
            if at - since > STUCK_SECONDS:
                self.stuck.append(f"{stage}: {now.behind[stage]} behind, none done in 30 s")
                log.error("stuck", stage=stage, behind=now.behind[stage])
                since = at
            self._since[stage] = (done, since)


async def caught_up(
    settings: Settings,
    limit_seconds: float,
    done: Callable[[Standing], bool] = lambda now: now.caught_up,
) -> Standing:
    """Where things stand once all is done, or the time is over."""
    deadline = monotonic() + limit_seconds
    quiet, last = 0, Standing({}, {"unknown": 1})
    while monotonic() < deadline and quiet < 2:  # twice: what is done may make more to do
        try:
            last = await standing(settings)
            quiet = quiet + 1 if done(last) else 0
        except Transient:
            quiet = 0
        await asyncio.sleep(1.0)
    return last
