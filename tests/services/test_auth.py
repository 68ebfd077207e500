"""Keys, on real PostgreSQL: what is remembered and for how long, and what strangers can use up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from typing import Any

import asyncpg
import pytest

from crosstie import api_keys
from crosstie.api_keys import Key
from crosstie.errors import DatabaseAway
from crosstie.registry import Platform
from crosstie.runtime.auth import Keys

MEMBERS = Platform("members", frozenset(["https://m", "urn:m"]), frozenset(["members"]))
PEPPER = b"salt" * 8


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    async with asyncpg.create_pool(database, min_size=1) as pool:
        yield pool


@pytest.fixture
async def key(pool: asyncpg.Pool[Any]) -> Key:
    async with pool.acquire() as connection:
        return await api_keys.register(connection, MEMBERS, PEPPER)


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every key is looked up again each time it is used."""
    monkeypatch.setattr("crosstie.runtime.auth.FRESH_SECONDS", -1.0)
    monkeypatch.setattr("crosstie.runtime.auth.WRONG_SECONDS", -1.0)


async def whose(keys: Keys, key: Key) -> Platform | None:
    caller = await keys.caller(key)
    return None if caller is None else caller.platform


async def test_right_and_wrong_keys_are_remembered_while_postgresql_is_away(
    pool: asyncpg.Pool[Any], key: Key
) -> None:
    keys, wrong = Keys(pool, PEPPER), api_keys.new_key()
    assert await whose(keys, key) == MEMBERS
    assert await whose(keys, wrong) is None
    await pool.close()
    assert await whose(keys, key) == MEMBERS
    assert await whose(keys, wrong) is None
    with pytest.raises(DatabaseAway):
        await keys.caller(api_keys.new_key())


@pytest.mark.usefixtures("forgetful")
async def test_a_right_key_stays_so_while_nobody_can_be_asked_and_a_wrong_one_does_not(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, wrong = Keys(pool, PEPPER), api_keys.new_key()
    assert await whose(keys, key) == MEMBERS
    assert await whose(keys, wrong) is None
    await pool.close()
    assert await whose(keys, key) == MEMBERS
    with pytest.raises(DatabaseAway):
        await keys.caller(wrong)
    monkeypatch.setattr("crosstie.runtime.auth.AWAY_SECONDS", -1.0)
    with pytest.raises(DatabaseAway):
        await keys.caller(key)


@pytest.mark.usefixtures("forgetful")
async def test_a_revoked_key_is_unknown_also_to_those_who_knew_it(
    pool: asyncpg.Pool[Any], key: Key
) -> None:
    keys = Keys(pool, PEPPER)
    assert await whose(keys, key) == MEMBERS
    async with pool.acquire() as connection:
        await api_keys.revoke(connection, key.id)
    assert await whose(keys, key) is None
    await pool.close()
    with pytest.raises(DatabaseAway):  # what it once was counts no more
        await keys.caller(key)


async def test_a_key_of_another_pepper_or_with_another_secret_is_unknown(
    pool: asyncpg.Pool[Any], key: Key
) -> None:
    assert await whose(Keys(pool, b"other" * 8), key) is None
    assert await whose(Keys(pool), key) is None
    assert await whose(Keys(pool, PEPPER), replace(key, secret="0" * 64)) is None


async def test_the_hash_of_a_key_is_compared_in_constant_time(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def constant(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    monkeypatch.setattr("crosstie.api_keys.hmac.compare_digest", constant)
    assert await whose(Keys(pool, PEPPER), replace(key, secret="0" * 64)) is None
    assert await whose(Keys(pool, PEPPER), key) == MEMBERS
    assert [one == other for one, other in compared] == [False, True]


async def test_a_key_of_the_version_before_stays_valid(pool: asyncpg.Pool[Any], key: Key) -> None:
    old = api_keys.new_key()
    await pool.execute(
        "INSERT INTO registry.api_keys (id, platform, hash) VALUES ($1, $2, $3)",
        old.id,
        "members",
        old.hash(b"", scheme=0),
    )
    assert await whose(Keys(pool, PEPPER), old) == MEMBERS


async def test_a_key_ends_with_its_time_also_where_it_is_remembered(
    pool: asyncpg.Pool[Any], key: Key
) -> None:
    keys, now = Keys(pool, PEPPER), datetime.now(UTC)
    may = api_keys.allowed(expires_at=now + timedelta(days=1), now=now)
    async with pool.acquire() as connection:
        made = await api_keys.add(connection, "members", may, PEPPER)
    caller = await keys.caller(made)
    assert caller is not None
    assert caller.valid(now)
    assert not caller.valid(now + timedelta(days=1))
    await pool.execute("UPDATE registry.api_keys SET expires_at = now() WHERE id = $1", made.id)
    assert await Keys(pool, PEPPER).caller(made) is None


async def test_a_key_loses_a_source_with_its_platform(pool: asyncpg.Pool[Any], key: Key) -> None:
    may = api_keys.allowed(sources=["urn:m"], scopes=["read"], rate=5.0, now=datetime.now(UTC))
    async with pool.acquire() as connection:
        narrow = await api_keys.add(connection, "members", may, PEPPER)
    caller = await Keys(pool, PEPPER).caller(narrow)
    assert caller is not None
    assert caller.platform == replace(MEMBERS, sources=frozenset(["urn:m"]))
    assert (caller.scopes, caller.rate) == (frozenset(["read"]), 5.0)
    await pool.execute("UPDATE registry.platforms SET sources = '{https://m}'")
    after = await Keys(pool, PEPPER).caller(narrow)
    assert after is not None
    assert after.platform.sources == frozenset()


def test_a_key_shows_its_secret_in_no_repr() -> None:
    key = api_keys.new_key()
    assert key.secret not in repr(key)
    assert key.secret in str(key)
    assert api_keys.key_from(str(key)) == key


async def test_made_up_keys_never_push_right_ones_out(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.runtime.auth.MOST_CACHED", 5)
    keys = Keys(pool, PEPPER)
    assert await whose(keys, key) == MEMBERS
    await asyncio.gather(*(keys.caller(api_keys.new_key()) for _ in range(20)))
    await pool.close()
    assert await whose(keys, key) == MEMBERS


async def test_made_up_keys_leave_connections_for_everything_else(
    pool: asyncpg.Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, most = 0, 0
    three = asyncio.Event()

    async def caller(connection: Any, key: Key, pepper: bytes) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        if at_once == 3:
            three.set()
        await three.wait()  # for company, however slowly connections open
        await connection.execute("SELECT 1")
        at_once -= 1

    monkeypatch.setattr(api_keys, "caller", caller)
    keys = Keys(pool)
    await asyncio.gather(*(keys.caller(api_keys.new_key()) for _ in range(50)))
    assert most == 3


@pytest.mark.usefixtures("forgetful")
async def test_while_postgresql_is_silent_a_right_key_waits_once_and_then_not(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(pool, PEPPER)
    assert await whose(keys, key) == MEMBERS
    asked = 0

    async def silent(connection: Any, key: Key, pepper: bytes) -> None:
        nonlocal asked
        asked += 1
        await asyncio.Event().wait()

    monkeypatch.setattr(api_keys, "caller", silent)
    monkeypatch.setattr("crosstie.runtime.auth.AGAIN_SECONDS", 0.2)
    assert await whose(keys, key) == MEMBERS
    monkeypatch.setattr("crosstie.runtime.auth.FRESH_SECONDS", 60.0)
    assert await asyncio.gather(*(whose(keys, key) for _ in range(20))) == [MEMBERS] * 20
    assert asked == 1


@pytest.mark.usefixtures("forgetful")
async def test_made_up_keys_keep_no_revoked_key_alive(
    pool: asyncpg.Pool[Any], key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys, real = Keys(pool, PEPPER), api_keys.caller
    assert await whose(keys, key) == MEMBERS
    await pool.execute("UPDATE registry.api_keys SET revoked_at = now()")
    held = asyncio.Event()

    async def slow(connection: Any, other: Key, pepper: bytes) -> Any:
        if other != key:
            await held.wait()
        return await real(connection, other, pepper)

    monkeypatch.setattr(api_keys, "caller", slow)
    flood = [asyncio.create_task(keys.caller(api_keys.new_key())) for _ in range(50)]
    await asyncio.sleep(0)
    assert await whose(keys, key) is None
    held.set()
    await asyncio.gather(*flood)


def test_scopes_may_come_one_by_one() -> None:
    may = api_keys.allowed(scopes=(each for each in ["read"]), now=datetime.now(UTC))
    assert may.scopes == frozenset(["read"])
