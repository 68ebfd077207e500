"""One leader: a PostgreSQL advisory lock, held by a session of its own.

The session ends with the process (kill -9), with its machine (TCP keepalive), and when it says
nothing for 15 s (a stopped process): whoever waits then leads. Safety does not rest on it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from crosstie.errors import DatabaseAway
from crosstie.runtime.database import BEAT_SECONDS, session, transient
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching import sql

log = logger("matching.lease")

TRY_SECONDS = 1.0
_ANSWER_SECONDS = 5.0
_SESSION = {
    "application_name": "crosstie-matching-leader",
    "idle_session_timeout": "15s",
}


class Lease:
    """A session that may hold the lock; used by one task at a time."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database_url.get_secret_value()
        self._connection: asyncpg.Connection[Any] | None = None

    async def tried(self) -> bool:
        """Whether the lock is ours now. Raises DatabaseAway."""
        try:
            with transient():
                if self._connection is None:
                    self._connection = await session(
                        "matching",
                        self._url,
                        timeout=10,
                        command_timeout=_ANSWER_SECONDS,
                        server_settings=_SESSION,
                    )
                return bool(await self._connection.fetchval(sql.TRY_TO_LEAD, sql.LEADER_LOCK))
        except DatabaseAway:
            self.drop()
            raise

    async def kept(self, running: Running) -> None:
        """Return when the lock is lost, or when it is time to stop."""
        try:
            while not await running.pause(BEAT_SECONDS):
                assert self._connection is not None
                with transient():
                    await self._connection.fetchval(sql.STILL_HERE)
        except DatabaseAway as reason:
            log.warning("lease lost", reason=str(reason))

    def drop(self) -> None:
        """Give the lock up by ending the session."""
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


@contextlib.asynccontextmanager
async def leading(lease: Lease, running: Running) -> AsyncIterator[asyncio.Task[None]]:
    """While inside, we lead until the task given is done; afterwards another may."""
    keeping = asyncio.create_task(lease.kept(running))
    try:
        yield keeping
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        lease.drop()
