"""Keys, on real PostgreSQL: what is remembered, and what strangers can use up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from crosstie import registry
from crosstie.errors import DatabaseAway
from crosstie.registry import Key, Platform
from crosstie.runtime.auth import Keys

MEMBERS = Platform("members", frozenset(["https://m"]), frozenset(["members"]))


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with asyncpg.create_pool(database, min_size=1) as pool:
        yield pool


@pytest.fixture
async def key(database: str) -> Key:
    connection = await asyncpg.connect(database)
    try:
        return await registry.add(connection, MEMBERS)
    finally:
        await connection.close()


async def test_right_and_wrong_keys_are_remembered_while_postgresql_is_away(
    pool: asyncpg.Pool[Any], key: Key
) -> None:
    keys, wrong = Keys(pool), registry.new_key()
    assert await keys.platform(key) == MEMBERS
    assert await keys.platform(wrong) is None
    await pool.close()
    assert await keys.platform(key) == MEMBERS
    assert await keys.platform(wrong) is None
    with pytest.raises(DatabaseAway):
        await keys.platform(registry.new_key())


async def test_a_key_that_was_wrong_is_looked_up_again_soon(
    pool: asyncpg.Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.runtime.auth.WRONG_SECONDS", -1.0)
    keys, wrong = Keys(pool), registry.new_key()
    assert await keys.platform(wrong) is None
    await pool.close()
    with pytest.raises(DatabaseAway):
        await keys.platform(wrong)


async def test_made_up_keys_never_push_right_ones_out(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.runtime.auth.MOST_CACHED", 5)
    keys = Keys(pool)
    assert await keys.platform(key) == MEMBERS
    await asyncio.gather(*(keys.platform(registry.new_key()) for _ in range(20)))
    await pool.close()
    assert await keys.platform(key) == MEMBERS


async def test_made_up_keys_leave_connections_for_everything_else(
    pool: asyncpg.Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, 0
    three = asyncio.Event()

    async def of_key(connection: Any, key: Key) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 3:
            three.set()
        await three.wait()  # for company, however slowly connections open
        await connection.execute("SELECT 1")
        at_once -= 1

    monkeypatch.setattr(registry, "of_key", of_key)
    keys = Keys(pool)
    await asyncio.gather(*(keys.platform(registry.new_key()) for _ in range(50)))
    assert most == 3
