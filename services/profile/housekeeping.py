"""Beside the folding: say how far we are, watch that the log is still the same, forget what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from crosstie.errors import LogGap, Transient
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from services.profile import figures
from services.profile.assignment import Assignment
from services.profile.log import KafkaLog
from services.profile.namesake import Namesake
from services.profile.store import PostgresStore
from services.profile.watchdog import Watchdog

log = logger("profile")

NOTE_SECONDS = 5.0
TOPIC_CHECK_SECONDS = 30.0
WATCH_SECONDS = 10.0
MEASURE_SECONDS = 10.0
COUNT_SECONDS = 300.0  # a reading of the whole table of members
PRUNE_SECONDS = 3600.0


async def keep_house(
    assignment: Assignment,
    log_: KafkaLog,
    network: Namesake,
    store: PostgresStore,
    running: Running,
) -> None:
    """Until `running.stop`; a log made again under its name ends all folding, and is said.

    Raises Hangs for a consumer that stands still, MadeAgain for a network.v1 that has lost its rows.
    """
    await assignment.assigned.wait()
    running.unready.pop("assignment", None)

    async def check() -> None:
        try:
            await log_.ask_again()
        except LogGap as error:
            log.error("log gap", reason=str(error))
            running.unready["log"] = str(error)
            await assignment.close()

    async def check_network() -> None:
        await network.id()

    async def prune() -> None:
        for partition in assignment.numbers:
            await store.prune(partition)
        await store.prune_quarantine()

    async def measure() -> None:
        ends = await log_.ends(assignment.numbers)  # before we look how far we are
        figures.behind(assignment.reached, ends)

    async def count() -> None:
        figures.MEMBERS.set(await store.members())

    watchdog = Watchdog(running.unready)

    chores = (
        _every(NOTE_SECONDS, assignment.note, running),
        _every(TOPIC_CHECK_SECONDS, check, running),
        _every(TOPIC_CHECK_SECONDS, check_network, running),
        _every(WATCH_SECONDS, lambda: watchdog.watch(assignment, log_), running),
        _every(MEASURE_SECONDS, measure, running),
        _every(COUNT_SECONDS, count, running, at_once=True),
        _every(PRUNE_SECONDS, prune, running),
    )
    await asyncio.gather(*chores)


async def _every(
    seconds: float,
    chore: Callable[[], Awaitable[None]],
    running: Running,
    *,
    at_once: bool = False,
) -> None:
    wait = 0.0 if at_once else seconds
    while not await running.pause(wait):
        wait = seconds
        try:
            await chore()
        except Transient as error:
            log.warning("chore put off", reason=str(error))
