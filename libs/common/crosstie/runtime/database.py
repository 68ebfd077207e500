"""PostgreSQL for services: one pool under the service's own role, and errors that say what to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
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
SOON_SECONDS = 5.0
LEAVING_SECONDS = 1.0

BEAT_SECONDS = 3.0  # so often whoever holds something for long says that it lives
# of each session: a process that stands still, or whose machine is gone, gives up the rows it holds
ENDS_IN_SILENCE = {
    "idle_in_transaction_session_timeout": "15s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,  # lock_timeout: somebody vacuums or migrates
    asyncpg.TransactionTimeoutError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InvalidAuthorizationSpecificationError,  # until whoever changes passwords is done
    asyncpg.ReadOnlySQLTransactionError,  # a standby, until it is promoted or we reach the other
    asyncpg.InsufficientResourcesError,  # connections, disk, memory
    asyncpg.PostgresSystemError,  # of the operating system: a volume that fails
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
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
        # asyncpg gives up in time without a word
        silent = "no answer in time" if isinstance(error, TimeoutError) else "it says no more"
        words = f"{type(error).__name__}: {str(error) or silent}"
        raise DatabaseAway(refused(error) or words) from error


def refused(error: BaseException | None) -> str:
    """Why a PostgreSQL that answers lets nobody in, and what to look at; empty for other errors."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message}): sslrootcert in "
                "CROSSTIE_DATABASE_URL must be the authority that signed it, and the host a name in it"
            )
        case ssl.SSLError():
            return f"no TLS with it ({error}): see sslmode in CROSSTIE_DATABASE_URL"
        case ConnectionError() if "SSL" in str(error):  # asyncpg has no class for it
            return f"it offers no TLS ({error}), which sslmode in CROSSTIE_DATABASE_URL asks for"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"{error}: see login, password and sslmode in CROSSTIE_DATABASE_URL"
        case _:
            return ""


@contextlib.contextmanager
def _taking(role: str) -> Iterator[None]:
    """A role that is not there or not ours yet counts as away: somebody migrates, or grants it."""
    try:
        yield
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise DatabaseAway(
            f"{error}: migrate, or `GRANT crosstie_{role} TO` the login of CROSSTIE_DATABASE_URL"
        ) from error


@contextlib.asynccontextmanager
async def soon(connections: asyncpg.Pool[Any]) -> AsyncIterator[Any]:
    """A connection for 5 s, then DatabaseAway; also when the server is silent and the line is up.

    A connection that was cut short is thrown away: to give it back, asyncpg would wait for the
    server. So is one to a server that only reads: the next may lead to the one that writes.
    """
    with transient():
        async with asyncio.timeout(SOON_SECONDS), connections.acquire() as connection:
            try:
                yield connection
            except (asyncio.CancelledError, asyncpg.ReadOnlySQLTransactionError):
                connection.terminate()
                raise


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
        with transient(), _taking(role):
            return await asyncpg.create_pool(
                settings.database_url.get_secret_value(),
                min_size=1,
                max_size=most,
                command_timeout=60,
                timeout=10,
                server_settings={
                    "role": f"crosstie_{role}",
                    "application_name": f"crosstie-{role}",
                    **ENDS_IN_SILENCE,
                },
            )

    return await retrying(attempt, running, "connect to PostgreSQL")


@contextlib.asynccontextmanager
async def pools(
    settings: Settings, role: str, running: Running, *most: int
) -> AsyncIterator[list[asyncpg.Pool[Any]]]:
    """A pool for each of `most`, left in good order, or given up where PostgreSQL is silent."""
    opened: list[asyncpg.Pool[Any]] = []
    try:
        for each in most:
            one = await pool(settings, role, running, most=each)
            opened.append(one)
        yield opened
    finally:
        await asyncio.gather(*map(_left, opened))


async def _left(one: asyncpg.Pool[Any]) -> None:
    try:
        async with asyncio.timeout(LEAVING_SECONDS):
            await one.close()
    except TimeoutError:
        one.terminate()
