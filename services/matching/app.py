"""matching, wired: one reader of the network, one lease, a leader or a warm follower, and reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from fastapi import FastAPI

from crosstie.errors import Fenced, LogGap, Misconfigured, Transient
from crosstie.matching import policy as policies
from crosstie.matching.warming import warm
from crosstie.runtime import database
from crosstie.runtime.auth import Keys
from crosstie.runtime.limits import limit
from crosstie.runtime.service import Running, Service
from crosstie.runtime.stopping import cut_short
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching.ahead import keep_looking
from services.matching.decide import Rules
from services.matching.garbage import leave_what_is_held
from services.matching.lease import TRY_SECONDS, Lease, leading
from services.matching.offloop import off_loop
from services.matching.people import People
from services.matching.previews import Previews
from services.matching.reader import Reader
from services.matching.reads import Desk
from services.matching.rounds import Leader
from services.matching.routes import routes
from services.matching.solver import solved_apart
from services.matching.standing import Standing
from services.matching.store import Store

log = logger("matching")
T = TypeVar("T")

# after the stop; then producer and pools are left, all within the 17 s of a service's work
FINISH_SECONDS = 10.0  # for a round in hand
CUT_SHORT_SECONDS = 2.0  # for what waits for a server that is silent
_GAP_SECONDS = 30.0
COMPILING = (
    "compiling what rounds compute with: a minute of a processor on a machine that never did"
)
_MOST_ASKED = 5  # connections for reads over HTTP: they never take those of rounds


def build(settings: Settings) -> Service:
    """The service of these settings."""
    rules = rules_of(settings)
    api = FastAPI(title="crosstie matching", version="1", description="Suggestions and rounds.")
    desk = Desk(
        Keys.of(settings),
        settings.topics,
        settings.deployment,
    )
    routes(api, desk)

    async def work(running: Running) -> None:
        async with database.pools(settings, "matching", running, 10, _MOST_ASKED) as (pool, asked):
            reader, people, store = Reader(settings, running), People(pool.acquire), Store(pool)
            standing = Standing(reader)
            leader = Leader(settings, store, reader, standing, people, rules, solved_apart, running)
            previews = Previews(settings, asked, standing, leader, rules)
            desk.connect(asked, reader, previews)
            # before anybody waits for a first suggestion
            running.unready["start"] = COMPILING
            await _until_stop(off_loop(warm), running)
            async with asyncio.TaskGroup() as group:
                group.create_task(lasting("reader", reader.run(), running))
                group.create_task(seen("readiness", _ready(reader, desk, running)))
                looking = _until_stop(keep_looking(reader, settings.topics, running), running)
                group.create_task(lasting("comparing with the log", looking, running))
                leading = _lead_in_turn(Lease(settings), leader, running)
                group.create_task(lasting("leader", leading, running))

    return Service(limit(api, settings), work)


def rules_of(settings: Settings) -> Rules:
    """The policy that the settings name, by default the built-in one."""
    if settings.policy_file is None:
        return Rules.of(policies.DEFAULT)
    try:
        return Rules.of(settings.policy_file.read_bytes())
    except OSError as error:
        raise Misconfigured(f"CROSSTIE_POLICY_FILE: {error}") from error


async def lasting(name: str, child: Awaitable[None], running: Running) -> None:
    """A child that goes on until it is time to stop; that it ended earlier is a failure."""
    await seen(name, child)
    if not running.stop.is_set():
        raise RuntimeError(f"{name} ended before its time")


async def seen(name: str, child: Awaitable[None]) -> None:
    """A group takes a child that ends cancelled for one that it cancelled: say that it was not."""
    try:
        await child
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise RuntimeError(f"{name} was cancelled by nobody") from error


async def _ready(reader: Reader, desk: Desk, running: Running) -> None:
    """Ready once the network was read to its end; a follower is as ready as the leader."""
    running.unready["start"] = "reading the network"
    read = asyncio.create_task(database.retrying(reader.up_to_end, running, "read the network"))
    stopped = asyncio.create_task(running.stop.wait())
    await asyncio.wait((read, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if running.stop.is_set():
        read.cancel()
        return
    await read
    leave_what_is_held()
    desk.open()
    running.unready.pop("start", None)


async def _lead_in_turn(lease: Lease, leader: Leader, running: Running) -> None:
    """Lead whenever nobody else does; until then keep warm."""
    while not running.stop.is_set():
        try:
            if not await _until_stop(lease.tried(), running):
                await _until_stop(leader.warm_up(), running)
                await running.pause(TRY_SECONDS)
                continue
            await _lead(lease, leader, running)
        except Transient as reason:
            log.warning("not leading", reason=str(reason))
            await running.pause(TRY_SECONDS)
        except Fenced as reason:
            log.warning("no longer leading", reason=str(reason))
            await running.pause(TRY_SECONDS)
        except LogGap as reason:
            log.error("cannot lead", reason=str(reason))
            running.unready["ledger"] = str(reason)
            await running.pause(_GAP_SECONDS)
    lease.drop()


async def _lead(lease: Lease, leader: Leader, running: Running) -> None:
    """Lead until the lease is lost or it is time to stop; then a round in hand is finished."""
    async with leading(lease, running) as keeping:
        running.unready.pop("ledger", None)
        work = asyncio.create_task(leader.lead())
        stopping = asyncio.create_task(running.stop.wait())
        await asyncio.wait((work, keeping, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if running.stop.is_set() and leader.busy:
            await asyncio.wait((work,), timeout=FINISH_SECONDS)
        try:
            if not await cut_short(work, CUT_SHORT_SECONDS):
                raise RuntimeError("the work of leading does not end")
            with contextlib.suppress(asyncio.CancelledError):
                await work
        finally:
            await leader.resign()


async def _until_stop(child: Coroutine[Any, Any, T], running: Running) -> T | None:
    """What `child` returns; None when it is time to stop before it does."""
    working = asyncio.create_task(child)
    stopping = asyncio.create_task(running.stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        ended = await cut_short(working, CUT_SHORT_SECONDS)
    return working.result() if ended and not working.cancelled() else None
