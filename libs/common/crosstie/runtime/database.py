"""PostgreSQL for services: one pool under the service's own role, and errors that say what to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import asyncpg

from crosstie.errors import DatabaseAway, Transient
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings

log = logger("database")
T = TypeVar("T")

_FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.DiskFullError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a server that dies in mid-answer leaves asyncpg confused
    OSError,
    TimeoutError,
)


@contextlib.contextmanager
def transient() -> Iterator[None]:
    """Turn what only time mends (connection, deadlock, shutdown) into DatabaseAway."""
    try:
        yield
    except _AWAY as error:
        raise DatabaseAway(f"{type(error).__name__}: {error}") from error


async def retrying(
    attempt: Callable[[], Awaitable[T]], running: Running | None = None, what: str = "attempt"
) -> T:
    """Try in place until it works: jittered, capped at 2 s. Anything but Transient is raised.

    Once `running.stop` is set the next Transient is raised: a stopping service does not wait.
    """
    wait = _FIRST_WAIT_SECONDS
    while True:
        try:
            return await attempt()
        except Transient as error:
            if running is not None and running.stop.is_set():
                raise
            log.warning("retrying", what=what, reason=str(error), seconds=round(wait, 2))
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)


async def pool(
    settings: Settings, role: str, running: Running, *, most: int = 10
) -> asyncpg.Pool[Any]:
    """A pool whose connections act as `crosstie_<role>`; waits for PostgreSQL with back-off."""

    async def attempt() -> asyncpg.Pool[Any]:
        with transient():
            return await asyncpg.create_pool(
                settings.database_url.get_secret_value(),
                min_size=1,
                max_size=most,
                command_timeout=60,
                timeout=10,
                server_settings={
                    "role": f"crosstie_{role}",
                    "application_name": f"crosstie-{role}",
                },
            )

    return await retrying(attempt, running, "connect to PostgreSQL")
