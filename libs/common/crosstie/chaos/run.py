"""One run: a stage, a load, a schedule of faults, and what the auditor found; a seed replays it."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf
from time import monotonic
from typing import Any

import asyncpg

from crosstie import api_keys, dlq, registry
from crosstie.chaos import poison
from crosstie.chaos.audit import Watch, caught_up
from crosstie.chaos.director import Director
from crosstie.chaos.faults import Fault, Lane, schedule
from crosstie.chaos.fleet import workers_of_each
from crosstie.chaos.load import Load, scenario
from crosstie.chaos.stage import SERVERS, Stage, stage
from crosstie.door.record import event_of
from crosstie.errors import Rejected
from crosstie.replay.books import Books, check
from crosstie.replay.delivery import Identity
from crosstie.replay.sources import Tape
from crosstie.runtime.admin import create_topics
from crosstie.settings import Settings

PLATFORM = "under-fire"
CATCH_UP_SECONDS = 240.0
_VOLUME_MEGABYTES, _EVENTS_A_MEGABYTE = 1_024, 100
Tell = Callable[[str], None]


async def run(
    seed: int, wanted: int, faults: int, workers: int, environment: Mapping[str, str], tell: Tell
) -> dict[str, Any]:
    """Everything of one seed, as a report; `passed` says whether all held."""
    clock = _Clock()
    tell("starting three brokers, PostgreSQL and the workers")
    megabytes = _VOLUME_MEGABYTES + wanted // _EVENTS_A_MEGABYTE
    async with stage(workers, environment, megabytes) as on:
        planned = drawn(seed, faults, workers)
        async with _platform(on, seed) as load:
            director = Director(on, lambda: load.share, lambda fault: _input(on, load, seed, fault))
            watch = Watch(on.settings, lambda: inf if director.active else director.last)
            watching = asyncio.create_task(watch.run())
            told, names = scenario(seed, wanted), _topics(on.settings)
            telling = asyncio.create_task(_tell(tell, load, director, len(planned)))
            clock.lap("start")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(load.play(told, wanted, names, lambda: director.reached))
                    group.create_task(director.run(planned))
                clock.lap("play")
                tell("all sent; waiting until everything is in effect")
                await caught_up(on.settings, CATCH_UP_SECONDS, lambda now: now.stored)
                await load.probe(told, told.end)
                at_the_end = await caught_up(on.settings, CATCH_UP_SECONDS)
            finally:
                for task in (watching, telling):
                    task.cancel()
                await asyncio.gather(watching, telling, return_exceptions=True)
            clock.lap("catch up")
            tell("checking the books")
            dead = await _dead(on.settings)
            books = await check(on.settings, acknowledged=load.owed(dead), planted=poison.planted)
            clock.lap("audit")
            delivery = books.named("delivery").counted
            lost = _lost(books)
            passed = books.clean and not watch.stuck and at_the_end.caught_up
            if not passed:
                on.home.keep_logs()
            return {
                "seed": seed,
                "events": load.sent,
                "acknowledged": load.acknowledged,
                "dead_letters": len(load.put & dead),
                "rejected": dict(load.rejected),
                "answers": {str(status): n for status, n in sorted(load.statuses.items())},
                "suggestions_heard": load.heard,
                "faults": dict(
                    sorted(Counter(f"{each.kind} {each.target}" for each in director.done).items())
                ),
                "faults_done": len(director.done),
                "impossible": [f"{each.kind} {each.target}" for each in director.impossible],
                "restarts": on.fleet.restarts,
                "lost": lost,
                "doubled": delivery.get("doubled", 0),
                "stuck": watch.stuck,
                "behind": at_the_end.behind,
                "seconds": clock.laps,
                "books": books.as_json(),
                "passed": passed,
            }


def drawn(seed: int, faults: int, workers: int) -> tuple[Fault, ...]:
    """What a seed has in store for a stage with so many workers of each service."""
    targets: dict[Lane, tuple[str, ...]] = {
        "servers": SERVERS,
        "workers": workers_of_each(workers),
        "input": poison.PLACES,
    }
    return schedule(seed, faults, targets)


def digest(seed: int, events: int, faults: int, workers: int) -> str:
    """Of the faults and of who lives in the locality: another one, once either is drawn otherwise."""
    said = repr((scenario(seed, events), drawn(seed, faults, workers)))
    return blake2b(said.encode(), digest_size=8).hexdigest()


@dataclass
class _Clock:
    """Where the time went."""

    laps: dict[str, float] = field(default_factory=dict)  # seconds by part of the run
    _since: float = field(default_factory=monotonic)

    def lap(self, part: str) -> None:
        """That part is over."""
        now = monotonic()
        self.laps[part], self._since = round(now - self._since, 1), now


async def _input(on: Stage, load: Load, seed: int, fault: Fault) -> None:
    """Something happens to what is sent."""
    topics = on.settings.topics
    if fault.kind == "again":
        await load.again(fault.number, topics.inbox(PLATFORM).name)
    elif fault.kind == "shuffle":
        load.disorder.shuffle(fault.number)
    elif fault.kind == "twice":
        load.twice()
    else:
        topic = poison.topic(topics, PLATFORM, fault.target)
        records = poison.wrong(seed, fault.number, fault.target)
        write = poison.aborted if fault.kind == "abort" else poison.poisoned
        await write(on.settings.brokers, topic, records)


def _lost(books: Books) -> int:
    book = books.named("delivery")
    return len(book.differences) + book.unnamed


def _topics(settings: Settings) -> tuple[str, str]:
    topics = settings.topics
    return topics.inbox(PLATFORM).name, topics.suggestions(PLATFORM).name


@asynccontextmanager
async def _platform(on: Stage, seed: int) -> AsyncIterator[Load]:
    settings, told = on.settings, scenario(1, 1)
    described = registry.checked(PLATFORM, [told.source], [told.authority])
    await asyncio.to_thread(create_topics, settings.brokers, settings.topics.of_platform(PLATFORM))
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        key = await api_keys.register(connection, described, settings.api_key_pepper_bytes)
    finally:
        await connection.close()

    def urls() -> list[str]:
        found = (on.fleet.url(name) for name in on.workers if name.startswith("ingestion"))
        return [url for url in found if url is not None]

    load = Load(PLATFORM, str(key), urls, settings.brokers, seed)
    try:
        yield load
    finally:
        await load.close()


async def _dead(settings: Settings) -> set[Identity]:
    """Events that are dead letters, by what they call themselves."""
    found: set[Identity] = set()
    async with Tape(settings, settings.topics.dlq.name) as tape:
        async for records in tape.all():
            for record in records:
                try:
                    letter = dlq.read(record.key, record.value, record.headers)
                    event = event_of(letter.key, letter.value, letter.headers)
                    found.add((event["source"], event["id"]))
                except (Rejected, KeyError, TypeError, AttributeError):
                    continue  # poison: it has no name
    return found


async def _tell(tell: Tell, load: Load, director: Director, planned: int) -> None:
    while True:
        tell(
            f"{load.sent} events, {load.acknowledged} acknowledged; "
            f"{len(director.done)} of {planned} faults; {load.heard} suggestions heard"
        )
        await asyncio.sleep(1.0)


def new_seed() -> int:
    """For whoever has none."""
    return secrets.randbelow(1_000_000)
