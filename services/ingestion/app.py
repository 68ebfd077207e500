"""The ingestion service: two doors, one way into the log."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Coroutine
from typing import Any

import asyncpg
from fastapi import FastAPI

from crosstie.erasures import Erasures
from crosstie.errors import BrokerAway, Transient
from crosstie.runtime import database
from crosstie.runtime.auth import Keys
from crosstie.runtime.database import retrying
from crosstie.runtime.limits import limit
from crosstie.runtime.service import Running, Service
from crosstie.settings import Settings
from crosstie.vault import Vault
from services.ingestion.http import Intakes, router
from services.ingestion.inbox import Inbox
from services.ingestion.intake import UNFINISHED_SECONDS, Intake
from services.ingestion.letters import Letters
from services.ingestion.log import Log

IN_HAND_SECONDS = 3.0  # with what `Inbox.stop` and `Log.stop` take, within the 17 s of the work
CLOSING_SECONDS = 1.0


def build(settings: Settings) -> Service:
    """The service, not yet started."""
    keys = Keys.of(settings)
    intakes, vault_key = Intakes(), settings.vault_key_bytes
    api = FastAPI(title="crosstie ingestion", version="1", description=(__doc__ or "").strip())
    api.include_router(router(keys, intakes))

    async def work(running: Running) -> None:
        await _work(settings, vault_key, running, keys, intakes)

    return Service(limit(api, settings), work)


async def _work(
    settings: Settings, vault_key: bytes, running: Running, keys: Keys, intakes: Intakes
) -> None:
    """Open both doors once PostgreSQL and Kafka answer; close them when it is time."""
    pool = await database.pool(settings, "ingestion", running)
    keys.connect(pool)
    vault = Vault(pool, vault_key)
    erasures = Erasures(pool, vault_key)
    await retrying(vault.probe, running, "check the vault key")
    to = Log(settings)
    intake = Intake(vault, erasures, to, settings.topics.events.name)
    letters = Letters(settings.topics, pool, intake, to, running)
    beside = [asyncio.create_task(vault.listen()), asyncio.create_task(_finish_erasures(intake))]
    try:
        await retrying(lambda: to.reach(settings.topics), running, "find the log")
        intakes.intake, intakes.unready = intake, running.unready
        await _while(beside, _read(settings, letters, running))
    finally:
        intakes.intake = None
        await _let_go(intake, beside, pool)
        await to.stop()


async def _while(beside: Collection[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
    """Do `work`; it fails once one of those `beside` it ends, for none of them ever should."""
    working = asyncio.create_task(work)
    try:
        await asyncio.wait((working, *beside), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended = [each for each in beside if each.done()]
        if ended or not working.done():
            working.cancel()
            await asyncio.wait((working,))
    for each in ended:
        each.result()
        raise RuntimeError(f"{each.get_coro()} ended before its time")
    await working


async def _let_go(
    intake: Intake, beside: Collection[asyncio.Task[None]], pool: asyncpg.Pool[Any]
) -> None:
    """Let requests in hand end, and go from PostgreSQL; it may be silent, so all this is bounded."""
    for each in beside:
        each.cancel()
    emptied = asyncio.create_task(intake.room.empty())
    await asyncio.wait((emptied, *beside), timeout=IN_HAND_SECONDS)
    closing = asyncio.create_task(pool.close())
    await asyncio.wait((closing,), timeout=CLOSING_SECONDS)
    pool.terminate()
    for each in (emptied, closing, *beside):
        each.cancel()
    await asyncio.gather(emptied, closing, *beside, return_exceptions=True)


async def _read(settings: Settings, letters: Letters, running: Running) -> None:
    """Read the inboxes until it is time to stop; a consumer that hangs is replaced."""
    stopped = True
    while stopped and not running.stop.is_set():
        inbox = Inbox(settings, letters, running)
        try:
            await retrying(inbox.start, running, "join the readers of the inboxes")
            running.unready.pop("start", None)
            await inbox.watched()
        finally:
            stopped = await inbox.stop()
    if not running.stop.is_set():  # a second consumer beside one that lives on would starve
        raise BrokerAway("the consumer hangs and does not stop; a new process is needed")


async def _finish_erasures(intake: Intake) -> None:
    while True:
        await asyncio.sleep(UNFINISHED_SECONDS)
        with contextlib.suppress(Transient):
            await intake.finish_erasures()
