"""PostgreSQL for services: one pool under the service's own role, and errors that say what to do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import asyncpg

from crosstie.errors import DatabaseAway, Transient, in_words
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings

log = logger("database")
T = TypeVar("T")

_FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 2.0
MOMENT_SECONDS = 5.0  # elections, restarts: over before anybody need be told
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
# of each session: whoever waits longer, for a migration or a VACUUM FULL, says so and asks again
LOCKED_OUT = {"lock_timeout": "10s"}

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
    asyncpg.InsufficientPrivilegeError,  # until whoever took a right away gives it back
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
NOT_MIGRATED = (
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
    asyncpg.InvalidSchemaNameError,
)
_BOUND_TO_FAIL = (asyncpg.ReadOnlySQLTransactionError, asyncpg.QueryCanceledError)


@contextlib.contextmanager
def transient() -> Iterator[None]:
    """Turn what only time mends (connection, deadlock, shutdown) into DatabaseAway."""
    try:
        yield
    except _AWAY as error:
        raise DatabaseAway(refused(error) or in_words(error)) from error


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
        case asyncpg.InsufficientPrivilegeError():
            return (
                f"{error}: somebody took a right away that the migrations had given; give it back"
            )
        case _:
            return ""


async def session(role: str, *where: Any, **options: Any) -> asyncpg.Connection[Any]:
    """A new session that acts as `crosstie_<role>`; otherwise `asyncpg.connect`.

    Raises DatabaseAway, whatever PostgreSQL says: a role that is not there yet, or not ours, is to it
    a value that is wrong, and no record is to blame for that.
    """
    named = {"role": f"crosstie_{role}", **ENDS_IN_SILENCE, **LOCKED_OUT}
    named |= options.pop("server_settings", {})
    try:
        line: asyncpg.Connection[Any] = await asyncpg.connect(
            *where, server_settings=named, **options
        )
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        raise DatabaseAway(
            f"{error}: migrate, or `GRANT crosstie_{role} TO` the login of CROSSTIE_DATABASE_URL"
        ) from error
    except (asyncpg.PostgresError, *_AWAY) as error:
        raise DatabaseAway(refused(error) or in_words(error)) from error
    line.add_query_logger(partial(_given_up, line))
    return line


def _given_up(line: asyncpg.Connection[Any], query: Any) -> None:
    """End a session that would fail again, and again, whatever is changed in the database since.

    It keeps `default_transaction_read_only` and `statement_timeout` as they were when it began; and
    one to a server that only reads leads nowhere, where the next may lead to the one that writes.
    """
    if isinstance(query.exception, _BOUND_TO_FAIL):
        line.terminate()


@contextlib.asynccontextmanager
async def soon(connections: asyncpg.Pool[Any]) -> AsyncIterator[Any]:
    """A connection for 5 s, then DatabaseAway; also when the server is silent and the line is up.

    A connection that was cut short is thrown away: to give it back, asyncpg would wait for the
    server.
    """
    with transient():
        async with asyncio.timeout(SOON_SECONDS), connections.acquire() as connection:
            try:
                yield connection
            except asyncio.CancelledError:
                connection.terminate()
                raise


async def retrying(
    attempt: Callable[[], Awaitable[T]], running: Running | None = None, what: str = "attempt"
) -> T:
    """Try in place until it works: jittered, capped at 2 s. Anything but Transient is raised.

    What is tried for longer than a moment makes the service unready, with the reason, until it works.
    Once `running.stop` is set the next Transient is raised: a stopping service does not wait.
    """
    wait, begun = _FIRST_WAIT_SECONDS, time.monotonic()
    try:
        while True:
            try:
                return await attempt()
            except Transient as error:
                if running is not None and running.stop.is_set():
                    raise
                log.warning("retrying", what=what, reason=str(error), seconds=round(wait, 2))
                if running is not None and time.monotonic() - begun > MOMENT_SECONDS:
                    running.unready[what] = str(error)
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
    finally:
        if running is not None:
            running.unready.pop(what, None)


async def pool(
    settings: Settings, role: str, running: Running, *, most: int = 10
) -> asyncpg.Pool[Any]:
    """A pool whose connections act as `crosstie_<role>`; waits for PostgreSQL with back-off."""

    async def attempt() -> asyncpg.Pool[Any]:
        with transient():
            return await asyncpg.create_pool(
                settings.database_url.get_secret_value(),
                connect=partial(session, role),
                min_size=1,
                max_size=most,
                command_timeout=60,
                timeout=10,
                server_settings={"application_name": f"crosstie-{role}"},
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
