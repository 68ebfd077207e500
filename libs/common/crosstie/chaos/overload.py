"""Far more than one worker of each service can carry, for a time; then until all of it is in effect.

Memory stays under its bound, lag grows and drains, every health check is answered, HTTP turns away
what it cannot take with 429, and whatever was acknowledged is in effect once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import asyncpg

from crosstie import api_keys, registry
from crosstie.chaos.flood import LATE_SECONDS, Flood
from crosstie.chaos.gauges import Lag, Memory
from crosstie.chaos.http_torrent import HttpTorrent
from crosstie.chaos.inbox_torrent import inbox_torrent
from crosstie.chaos.probing import probing
from crosstie.chaos.told import Told, began
from crosstie.replay.books import Books, check
from crosstie.runtime.admin import create_topics
from crosstie.runtime.supervisor import SERVICES, System, whole_system
from crosstie.settings import Settings

PLATFORM = "flood"
SOURCES: Mapping[str, str] = {"inbox": "urn:flood:inbox", "http": "urn:flood:http"}
AUTHORITY = "flood"
PEOPLE = 400
MEBIBYTE = 1024 * 1024
BOUNDS_MIB: Mapping[str, int] = {"ingestion": 512, "profile": 1024, "matching": 4096}  # deploy/base
# Kafka's own: a broker that gets no processor for a moment is not to be taken for dead
PATIENT: Mapping[str, str] = {"broker.session.timeout.ms": "18000"}
_NEARLY = 0.95  # of what was to be offered
_RECOMPUTED_ROUNDS = 3
Tell = Callable[[str], None]


async def run(
    seconds: float, times: float, environment: Mapping[str, str], tell: Tell
) -> dict[str, Any]:
    """`times` what is carried, for `seconds`, as a report; `passed` says whether all held."""
    tell("starting Kafka, PostgreSQL and one worker of each service")
    # probes of our own judge health: the supervisor's would be late while this process audits
    starting = whole_system(environment=_environment(environment), liveness=None, kafka=PATIENT)
    async with starting as system, _made(system) as made:
        tell("measuring what a worker carries")
        carried = await made.carried()
        rates = {door: rate * times for door, rate in carried.items()}
        memory = Memory(
            lambda: {name: pid for name, pid in system.pids().items() if name in SERVICES}
        )
        lag = Lag(system.settings)
        starts = _starts(system)
        made.http.answers.clear()
        async with probing(system.urls) as health, _meanwhile(memory.run(), lag.run()):
            tell(f"{', '.join(f'{rate:.0f} events/s by {door}' for door, rate in rates.items())}")
            poured = await made.poured(rates, seconds)
            turned_away = made.http.answers[429]
            draining = monotonic()
            tell(f"draining {lag.most} records")
            drained = await made.drained(seconds, LATE_SECONDS + 4 * times * seconds)
            draining = monotonic() - draining
        tell("checking the books")
        acknowledged = made.inbox.acknowledged | made.http.acknowledged
        books = await check(system.settings, rounds=_RECOMPUTED_ROUNDS, acknowledged=acknowledged)
        report = {
            "seconds": seconds,
            "times": times,
            "carried": _rounded(carried),
            "asked": _rounded({door: rate * seconds for door, rate in rates.items()}),
            "offered": {door: each.events for door, each in poured.items()},
            "offered_in_seconds": {door: round(each.seconds, 1) for door, each in poured.items()},
            "offered_times": {
                door: round(each.events / each.seconds / carried[door], 2)
                for door, each in poured.items()
            },
            "given_up": made.http.left,
            "acknowledged": len(acknowledged),
            "answers": {str(status): n for status, n in sorted(made.http.answers.items())},
            "turned_away_while_offered": turned_away,
            "unanswered": dict(made.http.unanswered),
            "longest_answer_seconds": round(made.http.longest_seconds, 2),
            "memory_mib": {name: _mib(size) for name, size in sorted(memory.peak.items())},
            "memory_bounds_mib": dict(BOUNDS_MIB),
            "lag": {"most": lag.most, "drained_seconds": round(draining, 1), "course": lag.course},
            "health": {
                "asked": health.asked,
                "late": health.late,
                "failed": health.failed,
                "longest_seconds": round(health.longest_seconds, 2),
            },
            "restarts": sum(_starts(system).values()) - sum(starts.values()),
            "books": books.as_json(),
        }
        wrong = faults(report, drained=drained, books=books)
        return report | {"wrong": wrong, "passed": not wrong}


def faults(report: Mapping[str, Any], *, drained: bool, books: Books) -> list[str]:
    """What did not hold, in words; all is in effect where `drained`."""
    over = [
        f"{name} had {size} MiB resident, may have {BOUNDS_MIB[name]}"
        for name, size in report["memory_mib"].items()
        if size > BOUNDS_MIB[name]
    ]
    lag, answers, health = report["lag"], report["answers"], report["health"]
    poured = report["offered"]["inbox"]
    held = {
        f"no more than {reached} times what is carried was offered by {door}": (
            reached >= _NEARLY * report["times"]
        )
        for door, reached in report["offered_times"].items()
    } | {
        f"lag grew to {lag['most']} only, of {poured} that were poured into the inbox": (
            lag["most"] >= poured / 2
        ),
        "lag did not drain": drained,
        f"health checks failed: {', '.join(health['failed'][:3])}": not health["failed"],
        f"nothing was turned away with 429: {answers}": "429" in answers,
        f"HTTP answered something else than 202 and 429: {answers}": answers.keys()
        <= {"202", "429"},
        f"requests were not answered: {report['unanswered']}": not report["unanswered"],
        f"{report['restarts']} services ended and were started again": not report["restarts"],
        **{f"book {each.name}: {'; '.join(each.differences)}": each.ok for each in books.books},
    }
    return over + [what for what, right in held.items() if not right]


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    return {"CROSSTIE_CLOCK": "log", "CROSSTIE_EMPTY_ROUND_SECONDS": "5", **given}


@asynccontextmanager
async def _made(system: System) -> AsyncIterator[Flood]:
    settings = system.settings
    key = await _registered(settings)
    began_at = began()
    told = {door: Told(each, AUTHORITY, PEOPLE, began_at) for door, each in SOURCES.items()}
    topic = settings.topics.inbox(PLATFORM).name
    http = HttpTorrent(system.urls["ingestion"], key, told["http"].contacts())
    try:
        async with inbox_torrent(settings.brokers, topic, told["inbox"]) as inbox:
            yield Flood(system.settings, inbox, http, told["http"])
    finally:
        http.close()


async def _registered(settings: Settings) -> str:
    described = registry.checked(PLATFORM, [*SOURCES.values()], [AUTHORITY])
    await asyncio.to_thread(create_topics, settings.brokers, settings.topics.of_platform(PLATFORM))
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        return str(await api_keys.register(connection, described, settings.api_key_pepper_bytes))
    finally:
        await connection.close()


@asynccontextmanager
async def _meanwhile(*watching: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in watching]
    try:
        yield
    finally:
        for each in tasks:
            each.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for failed in ended:
        if isinstance(failed, BaseException) and not isinstance(failed, asyncio.CancelledError):
            raise failed


def _starts(system: System) -> dict[str, int]:
    return {name: each.starts for name, each in system.services.items()}


def _rounded(figures: Mapping[str, float]) -> dict[str, int]:
    return {name: round(each) for name, each in figures.items()}


def _mib(size: int) -> int:
    return round(size / MEBIBYTE)
