"""SIGTERM to matching: in time though PostgreSQL is silent, and a round in hand is whole or not there."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest
from pydantic import SecretStr

from crosstie.runtime.service import STOP_SECONDS
from tests.line import between
from tests.services.matching_running import replica
from tests.services.matching_world import World, change, check_history, until

WAITING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@contextlib.asynccontextmanager
async def round_in_hand(village: World) -> AsyncIterator[asyncpg.transaction.Transaction]:
    """A round is decided and cannot be committed before the end of the transaction given."""
    url = village.settings.database_url.get_secret_value()
    async with contextlib.AsyncExitStack() as exits:
        lock = await asyncpg.connect(url)
        exits.push_async_callback(lock.close)
        transaction = lock.transaction()
        await transaction.start()
        await lock.execute("SELECT n FROM matching.head FOR UPDATE")
        await change(village, 1)

        async def waits() -> bool:
            return bool(await village.sql.fetchval(WAITING))

        await until(waits)
        yield transaction


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True], ids=["between rounds", "in mid-round"])
async def test_sigterm_ends_it_in_time_while_postgresql_is_silent(
    village: World, *, busy: bool
) -> None:
    async with between(village.settings.database_url.get_secret_value()) as line:
        url = {"database_url": SecretStr(line.url)}
        async with replica(village.settings.model_copy(update=url)) as one:
            await village.round_published(1)
            async with round_in_hand(village) if busy else contextlib.nullcontext():
                line.silent = True
                await one.said("does not answer")
                asked = time.monotonic()
                one.signal(signal.SIGTERM)
                assert await one.process.wait() == 0
                assert time.monotonic() - asked < STOP_SECONDS
    assert (await village.head())["n"] == 1


@pytest.mark.slow
@pytest.mark.parametrize("finishes", [True, False])
async def test_a_round_in_hand_at_sigterm_is_wholly_published_or_not_begun(
    village: World, *, finishes: bool
) -> None:
    async with replica(village.settings) as one:
        await village.round_published(1)
        async with round_in_hand(village) as holding:
            one.signal(signal.SIGTERM)
            await one.said("stopping")
            if finishes:
                await holding.rollback()
            assert await one.process.wait() == 0
    n = 2 if finishes else 1
    head = await village.head()
    assert (head["n"], head["published_n"]) == (n, n)
    await check_history(village)
    async with replica(village.settings):
        await change(village, 2)
        await village.round_published(n + 1)
    await check_history(village)
