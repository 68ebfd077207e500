"""Records of the inboxes: into the log, or among the dead letters as they came, with the reason."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

import asyncpg

from crosstie import dlq, registry
from crosstie.door.arrival import Arrival, loggable
from crosstie.door.record import event_of
from crosstie.errors import Rejected
from crosstie.instants import now
from crosstie.registry import Platform
from crosstie.runtime.database import retrying, soon
from crosstie.runtime.service import Running
from crosstie.topics import Topics
from services.ingestion.door import count, judged, log, settled
from services.ingestion.intake import MOST_ENTRIES, Intake, weight
from services.ingestion.log import Log

T = TypeVar("T")
_PLATFORM_SECONDS = 3.0  # as long as HTTP takes a key for what it was: see runtime/auth.py
_AT_ONCE = 100  # records that are read in one turn of the event loop


class Letters:
    """Takes batches of Kafka records in, and tries each step again in place until it works.

    Raises Transient only when the service stops; then the batch will come again.
    """

    def __init__(
        self, topics: Topics, pool: asyncpg.Pool[Any], intake: Intake, to: Log, running: Running
    ) -> None:
        self._topics = topics
        self._running = running
        self._pool = pool
        self._intake = intake
        self._log = to
        self._platforms: dict[str, tuple[float, Platform]] = {}

    async def take(self, records: Sequence[Any]) -> None:
        """Every record in the log or among the dead letters, acknowledged."""
        platforms = {name: await self._platform(name) for name in {r.topic for r in records}}
        at = now()
        results: list[Arrival | Rejected] = []
        for first in range(0, len(records), _AT_ONCE):
            some = records[first : first + _AT_ONCE]
            results += [_result(each, platforms[each.topic], at) for each in some]
            await asyncio.sleep(0)  # probes are answered between any two
        late: list[Rejected | None] = []
        for arrivals in portions(each for each in results if isinstance(each, Arrival)):
            async with self._intake.room.held_in_turn(weight(arrivals)):
                late += await self._again(partial(self._intake.take, arrivals), "log a portion")
        reasons = settled(results, late)
        await self._bury(records, reasons, at)
        for topic in platforms:
            of_topic = zip(records, reasons, strict=True)
            count(
                "kafka", self._name(topic), [why for each, why in of_topic if each.topic == topic]
            )

    async def _bury(
        self, records: Sequence[Any], reasons: Sequence[Rejected | None], at: int
    ) -> None:
        refused = [
            (each, why) for each, why in zip(records, reasons, strict=True) if why is not None
        ]
        if not refused:
            return
        letters = [dlq.letter(each, why, at) for each, why in refused]
        bury = partial(self._log.append, self._topics.dlq.name, letters, len(letters))
        await self._again(bury, "write dead letters")
        for each, why in refused:
            where = {"topic": each.topic, "partition": each.partition, "offset": each.offset}
            log.warning("dead letter", **where, pointer=loggable(why.pointer))

    async def _platform(self, topic: str) -> Platform | None:
        until, platform = self._platforms.get(topic, (0.0, None))
        if platform is None or until < time.monotonic():
            platform = await self._again(partial(self._registered, topic), "look a platform up")
            if platform is not None:
                self._platforms[topic] = (time.monotonic() + _PLATFORM_SECONDS, platform)
        return platform

    async def _registered(self, topic: str) -> Platform | None:
        async with soon(self._pool) as connection:
            return await registry.named(connection, self._name(topic))

    async def _again(self, attempt: Callable[[], Awaitable[T]], what: str) -> T:
        return await retrying(attempt, self._running, what)

    def _name(self, topic: str) -> str:
        return topic.removeprefix(self._topics.inbox_prefix)


def portions(arrivals: Iterator[Arrival]) -> Iterator[list[Arrival]]:
    """Cut `arrivals` so that each portion is at most 20,000 entries of the log."""
    portion: list[Arrival] = []
    entries = 0
    for each in arrivals:
        if portion and entries + each.entries > MOST_ENTRIES:
            yield portion
            portion, entries = [], 0
        portion.append(each)
        entries += each.entries
    if portion:
        yield portion


def _result(record: Any, platform: Platform | None, at: int) -> Arrival | Rejected:
    if platform is None:
        remedy = "register it with `crosstie platforms add`, then replay this"
        return Rejected("", record.topic, "the inbox of a registered platform", remedy)
    try:
        event = event_of(record.key, record.value, dlq.as_sent(record.headers))
    except Rejected as rejected:
        return rejected
    return judged(event, platform, at)
