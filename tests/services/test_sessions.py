"""Sessions of services outlive what is wrong with PostgreSQL, and blame no record for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from crosstie.errors import DatabaseAway
from crosstie.runtime import database as databases
from crosstie.runtime.database import pool, transient
from crosstie.runtime.service import Running
from tests.services.ingestion_world import eventually, settings_for

pytestmark = pytest.mark.postgres

ROLE = "crosstie_sessions"


@pytest.fixture
async def owner(database: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser's connection to a database with the role that the pool takes."""
    connection = await asyncpg.connect(database)
    await connection.execute(f"CREATE ROLE {ROLE}")
    try:
        yield connection
    finally:
        await connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
        await connection.close()


@pytest.fixture
async def ours(database: str, owner: asyncpg.Connection[Any]) -> AsyncIterator[asyncpg.Pool[Any]]:
    made = await pool(settings_for("nowhere:1", database, "t."), "sessions", Running(), most=1)
    try:
        yield made
    finally:
        made.terminate()


async def _anew(ours: asyncpg.Pool[Any]) -> None:
    """The next session is a new one, as after a restart of PostgreSQL."""
    await ours.expire_connections()


async def _set(owner: asyncpg.Connection[Any], what: str) -> None:
    name = await owner.fetchval("SELECT current_database()")
    await owner.execute("SET default_transaction_read_only = off")
    await owner.execute(f'ALTER DATABASE "{name}" {what}')


async def _works(ours: asyncpg.Pool[Any], statement: str) -> bool:
    try:
        with transient():
            await ours.execute(statement)
    except DatabaseAway:
        return False
    return True


@pytest.mark.parametrize(
    ("setting", "statement"),
    [
        ("default_transaction_read_only = on", "CREATE TABLE kept (n int)"),
        ("statement_timeout = '100ms'", "SELECT pg_sleep(0.3)"),
    ],
)
async def test_a_session_that_began_when_nothing_worked_gives_way_to_one_that_works(
    ours: asyncpg.Pool[Any], owner: asyncpg.Connection[Any], setting: str, statement: str
) -> None:
    await owner.execute(f"GRANT CREATE ON SCHEMA public TO {ROLE}")
    await _set(owner, f"SET {setting}")
    await _anew(ours)
    assert not await _works(ours, statement)
    await _set(owner, f"RESET {setting.partition(' ')[0]}")
    await eventually(lambda: _works(ours, statement))


async def test_a_role_that_is_renamed_is_postgresql_away_and_no_wrong_data(
    ours: asyncpg.Pool[Any], owner: asyncpg.Connection[Any]
) -> None:
    await owner.execute(f"ALTER ROLE {ROLE} RENAME TO {ROLE}_away")
    try:
        await _anew(ours)
        with pytest.raises(DatabaseAway, match="does not exist: migrate, or"):
            await ours.fetchval("SELECT 1")
    finally:
        await owner.execute(f"ALTER ROLE {ROLE}_away RENAME TO {ROLE}")
    assert await ours.fetchval("SELECT 1") == 1


async def test_a_right_that_is_taken_away_is_waited_for(
    ours: asyncpg.Pool[Any], owner: asyncpg.Connection[Any]
) -> None:
    await owner.execute(f"CREATE TABLE theirs (n int); GRANT SELECT ON theirs TO {ROLE}")
    assert await _works(ours, "SELECT * FROM theirs")
    await owner.execute(f"REVOKE SELECT ON theirs FROM {ROLE}")
    with pytest.raises(DatabaseAway, match="give it back"), transient():
        await ours.execute("SELECT * FROM theirs")
    await owner.execute(f"GRANT SELECT ON theirs TO {ROLE}")
    assert await _works(ours, "SELECT * FROM theirs")


async def test_a_table_that_somebody_locks_is_told_and_not_waited_for(
    ours: asyncpg.Pool[Any], owner: asyncpg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(databases.LOCKED_OUT, "lock_timeout", "50ms")
    await _anew(ours)
    await owner.execute(f"CREATE TABLE locked (n int); GRANT SELECT ON locked TO {ROLE}")
    async with owner.transaction():
        await owner.execute("LOCK locked IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseAway, match="lock timeout"), transient():
            await ours.execute("SELECT * FROM locked")
    assert await _works(ours, "SELECT * FROM locked")
