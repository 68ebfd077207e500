"""Two replicas, one ledger: take-over, zombies, unpublished rounds, restored databases."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from crosstie.errors import DatabaseAway, Fenced
from crosstie.matching import record
from crosstie.runtime import database
from crosstie.runtime.service import Running
from services.matching import store as store_module
from services.matching.store import Store
from tests.line import between
from tests.services.matching_rounds import recorded, round_one
from tests.services.matching_running import Replica, replica
from tests.services.matching_world import (
    World,
    change,
    check_history,
)

TABLES = ("rounds", "suggestions", "ledgers", "policies", "bases")


@contextlib.asynccontextmanager
async def two(village: World) -> AsyncIterator[tuple[Replica, Replica]]:
    """A leader that decided round 1, and a follower that is warm."""
    async with replica(village.settings) as first:
        await first.said("leading")
        async with replica(village.settings) as second:
            await village.round_published(1)
            yield first, second


async def test_a_follower_takes_over_when_the_leader_is_killed(village: World) -> None:
    async with two(village) as (leader, follower):
        leader.signal(signal.SIGKILL)
        await leader.process.wait()
        await follower.said("leading")
        await change(village, 1)
        await village.round_published(2)
        assert (await follower.said("round"))["full"] is True
    await check_history(village)


async def test_a_stopped_leader_that_wakes_up_changes_nothing(village: World) -> None:
    async with two(village) as (leader, follower):
        leader.signal(signal.SIGSTOP)
        await follower.said("leading")
        await change(village, 1)
        await village.round_published(2)
        leader.signal(signal.SIGCONT)
        await leader.said("lease lost")
        await change(village, 2)
        await village.round_published(3)
        assert len(leader.logged("leading")) == 1
        assert await leader.stop() == 0
    await check_history(village)


async def test_a_leader_that_lost_the_head_drops_its_round(village: World) -> None:
    async with replica(village.settings) as one:
        await village.round_published(1)
        await village.sql.execute("UPDATE matching.head SET digest = 'another' WHERE n = 1")
        await change(village, 1)
        line = await one.said("no longer leading")
        assert line["reason"] == "round 2 was decided by another leader"
        assert (await village.head())["n"] == 1
    assert [each.n for each in await village.rounds()] == [1]


async def test_a_round_that_no_matcher_wrote_stops_no_leader(village: World) -> None:
    async with replica(village.settings):
        await village.round_published(1)
        await change(village, 1)
        await village.round_published(2)
    first, second = await village.rounds()
    forged = structs.replace(second, n=3, previous=second.digest)
    for round in (first, forged, first):
        for topic, each in recorded(village, round):
            await village.hand.producer.begin_transaction()
            await village.hand.producer.send_and_wait(topic, each.value, each.key)
            await village.hand.producer.commit_transaction()
    async with replica(village.settings):
        await change(village, 2)
        await village.round_published(3)
    rounds = list(record.genuine(await village.rounds()))
    assert list(record.following(rounds, 0, "")) == rounds
    assert [each.n for each in rounds] == [1, 2, 3]


async def test_a_restored_database_rolls_forward_from_the_rounds_topic(
    village: World, make_database: Callable[[], str]
) -> None:
    backup = village.settings.model_copy(update={"database_url": _url(village, make_database())})
    async with replica(village.settings):
        await village.round_published(1)
        await copy(village, backup)
        await change(village, 1)
        await village.round_published(2)
        await change(village, 2)
        await village.round_published(3)
    before = await village.sql.fetch("SELECT * FROM matching.suggestions ORDER BY id")
    sql = await asyncpg.connect(backup.database_url.get_secret_value())
    restored = World(backup, sql, village.hand, village.key)
    async with replica(backup) as one:
        await one.said("rolled forward", 2)
        assert await sql.fetch("SELECT * FROM matching.suggestions ORDER BY id") == before
        await change(village, 3)
        await restored.round_published(4)
    await check_history(restored)
    await sql.close()


async def test_a_database_with_another_history_leads_nothing(
    village: World, make_database: Callable[[], str]
) -> None:
    other = village.settings.model_copy(update={"database_url": _url(village, make_database())})
    async with replica(village.settings):
        await village.round_published(1)
    await copy(village, other)
    sql = await asyncpg.connect(other.database_url.get_secret_value())
    body = await sql.fetchval("SELECT body FROM matching.rounds WHERE n = 1")
    await sql.execute(
        "UPDATE matching.rounds SET body = $1", body.replace(b'"policy":"', b'"policy":"x', 1)
    )
    await sql.close()
    async with replica(other) as one:
        assert "in rounds.v1" in (await one.said("cannot lead"))["reason"]
    assert len(await village.rounds()) == 1


async def copy(village: World, to: Any) -> None:
    """What a backup taken now would hold."""
    target = await asyncpg.connect(to.database_url.get_secret_value())
    for schema, table in [
        ("registry", "platforms"),
        ("vault", "subjects"),
        *(("matching", each) for each in TABLES),
    ]:
        rows = await village.sql.fetch(f"SELECT * FROM {schema}.{table}")
        if rows:
            await target.copy_records_to_table(
                table,
                schema_name=schema,
                columns=list(rows[0].keys()),
                records=[tuple(r) for r in rows],
            )
    head = await village.head()
    await target.execute(
        "UPDATE matching.head SET n = $1, at = $2, digest = $3, published_n = $4", *head
    )
    await target.close()


def _url(village: World, url: str) -> Any:
    return type(village.settings.database_url)(url)


async def test_a_commit_whose_answer_was_lost_is_recognised_and_another_is_not(
    village: World,
) -> None:
    async with asyncpg.create_pool(village.settings.database_url.get_secret_value()) as pool:
        store, mine = Store(pool), round_one(village)
        await store.commit(mine)
        await store.commit(mine)
        with pytest.raises(Fenced):
            await store.commit(round_one(village, at=2))
    assert await village.sql.fetchval("SELECT count(*) FROM matching.rounds") == 1


async def test_a_leader_that_falls_silent_within_its_commit_holds_up_nobody(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.ENDS_IN_SILENCE, "idle_in_transaction_session_timeout", "1s")
    half_way = asyncio.Event()

    async def silent(decision: Callable[[], Any]) -> Any:
        line.silent = True
        half_way.set()
        return await asyncio.Event().wait()

    async with between(village.settings.database_url.get_secret_value()) as line:
        over_the_line = village.settings.model_copy(
            update={"database_url": _url(village, line.url)}
        )
        async with (
            database.pools(over_the_line, "matching", Running(), 1) as (frozen,),
            database.pools(village.settings, "matching", Running(), 1) as (awake,),
        ):
            with monkeypatch.context() as within:
                within.setattr(store_module, "off_loop", silent)
                committing = asyncio.create_task(Store(frozen).commit(round_one(village)))
                await half_way.wait()
            await Store(awake).commit(round_one(village, at=2))
            committing.cancel()
            with pytest.raises(DatabaseAway):  # its session is gone: there is nothing to roll back
                await committing
    assert (await village.head())["at"] == 2


async def test_a_commit_whose_rows_take_long_to_make_is_not_taken_for_a_silent_one(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.ENDS_IN_SILENCE, "idle_in_transaction_session_timeout", "500ms")
    monkeypatch.setattr(store_module, "BEAT_SECONDS", 0.05)

    async def slow(make: Callable[[], Any]) -> Any:
        await asyncio.sleep(1.5)
        return make()

    monkeypatch.setattr(store_module, "off_loop", slow)
    async with database.pools(village.settings, "matching", Running(), 1) as (pool,):
        await Store(pool).commit(round_one(village))
    assert (await village.head())["n"] == 1
