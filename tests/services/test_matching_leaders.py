"""Two replicas, one ledger: take-over, zombies, unpublished rounds, restored databases."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import ProducerFenced
from msgspec import structs

from crosstie.errors import DatabaseAway, Fenced
from crosstie.matching import ledger as ledgers
from crosstie.matching import record
from crosstie.matching.model import Round
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.service import Running
from services.matching.publishing import Publisher
from services.matching.store import Store
from services.matching.written import Decision, Image
from tests.services.matching_running import Replica, replica
from tests.services.matching_world import (
    PLATFORM,
    World,
    change,
    check_history,
    until,
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


async def test_what_was_committed_goes_out_before_anything_else(village: World) -> None:
    topics, brokers = village.settings.topics, village.settings.brokers
    await asyncio.to_thread(delete_topics, brokers, [topics.suggestions(PLATFORM).name])
    async with replica(village.settings) as one:

        async def committed() -> bool:
            return bool((await village.head())["n"] == 1)

        await until(committed)
        assert (await village.head())["published_n"] == 0
        one.signal(signal.SIGKILL)
        await one.process.wait()
    await asyncio.to_thread(create_topics, brokers, topics.of_platform(PLATFORM))
    async with replica(village.settings):
        await change(village, 1)
        await village.round_published(2)
    assert await village.told()
    await check_history(village)


async def test_a_round_that_is_out_is_not_sent_again(village: World) -> None:
    async with replica(village.settings):
        await village.round_published(1)
    (first,) = await village.rounds()
    # as if the process had died between Kafka's commit and PostgreSQL's
    await village.sql.execute("UPDATE matching.head SET published_n = 0")
    images = [
        (1, i, topic, r.key, "[]", r.value) for i, (topic, r) in enumerate(_again(village, first))
    ]
    await village.sql.copy_records_to_table("outbox", schema_name="matching", records=images)
    async with replica(village.settings):
        await change(village, 1)
        await village.round_published(2)
    assert await village.sql.fetchval("SELECT count(*) FROM matching.outbox") == 0
    await check_history(village)


async def test_a_round_that_no_matcher_wrote_stops_no_leader(village: World) -> None:
    async with replica(village.settings):
        await village.round_published(1)
        await change(village, 1)
        await village.round_published(2)
    first, second = await village.rounds()
    forged = structs.replace(second, n=3, previous=second.digest)
    for round in (first, forged, first):
        for topic, each in _again(village, round):
            await village.hand.producer.begin_transaction()
            await village.hand.producer.send_and_wait(topic, each.value, each.key)
            await village.hand.producer.commit_transaction()
    async with replica(village.settings):
        await change(village, 2)
        await village.round_published(3)
    rounds = list(record.genuine(await village.rounds()))
    assert list(record.following(rounds, 0, "")) == rounds
    assert [each.n for each in rounds] == [1, 2, 3]


def _again(village: World, round: Any) -> list[tuple[str, record.Record]]:
    return [(village.settings.topics.rounds.name, each) for each in record.split(round)]


async def test_a_restored_database_rolls_forward_from_the_rounds_topic(
    village: World, make_database: Callable[[], str]
) -> None:
    backup = village.settings.model_copy(update={"database_url": _secret(village, make_database())})
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
    other = village.settings.model_copy(update={"database_url": _secret(village, make_database())})
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


def _secret(village: World, url: str) -> Any:
    return type(village.settings.database_url)(url)


async def test_a_predecessor_in_mid_transaction_is_fenced_and_its_records_never_show(
    village: World,
) -> None:
    async with rivals(village) as (store, zombie, successor):
        await store.commit(round_one(village))
        producer = await zombie._ready()
        await producer.begin_transaction()
        async for images in store.unpublished(1):
            for image in images:
                await producer.send_and_wait(image.topic, image.value, image.key)
        await successor.take_over()
        with pytest.raises(ProducerFenced):
            await producer.commit_transaction()
    assert [each.n for each in await village.rounds()] == [1]
    assert (await village.head())["published_n"] == 1


async def test_images_come_some_at_a_time_and_in_their_order(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.store._ROWS_AT_ONCE", 2)
    async with rivals(village) as (store, _, _):
        images = tuple(Image(f"t{n % 2}", b"%d" % n, (), b"") for n in range(5))
        await store.commit(replace(round_one(village), images=images))
        parts = [some async for some in store.unpublished(1)]
        assert [len(each) for each in parts] == [2, 2, 1]
        assert tuple(image for some in parts for image in some) == images
        assert await store.unpublished_topics(1) == ["t0", "t1"]
        assert await store.unpublished_topics(0) == []


async def test_what_postgresql_interrupts_goes_out_once(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.matching.store._ROWS_AT_ONCE", 1)
    whole, parts = Store.unpublished, list[int]()

    async def interrupted(self: Store, upto: int) -> AsyncIterator[list[Image]]:
        async for some in whole(self, upto):
            parts.append(len(some))
            yield some
            if len(parts) == 1:
                raise DatabaseAway("in mid-transaction")

    monkeypatch.setattr(Store, "unpublished", interrupted)
    async with rivals(village) as (store, first, _):
        decision = round_one(village)
        strange = Image(village.settings.topics.rounds.name, b"0", (), b"{}")  # read by nobody
        await store.commit(replace(decision, images=(*decision.images, strange)))
        await first.take_over()
    assert parts == [1, 1, 1]
    assert [each.n for each in await village.rounds()] == [1]
    assert (await village.head())["published_n"] == 1


async def test_a_predecessor_that_begins_to_publish_is_fenced(village: World) -> None:
    async with rivals(village) as (store, zombie, successor):
        await successor.take_over()
        await store.commit(round_one(village))
        with pytest.raises(Fenced):
            await zombie.publish(1)
        await successor.publish(1)
    assert [each.n for each in await village.rounds()] == [1]


@contextlib.asynccontextmanager
async def rivals(village: World) -> AsyncIterator[tuple[Store, Publisher, Publisher]]:
    """The ledger, who led it, and who will."""
    async with asyncpg.create_pool(village.settings.database_url.get_secret_value()) as pool:
        store = Store(pool)
        zombie, successor = (Publisher(village.settings, store, Running()) for _ in range(2))
        await zombie.take_over()
        try:
            yield store, zombie, successor
        finally:
            await zombie.close()
            await successor.close()


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


def round_one(village: World, at: int = 1) -> Decision:
    """A first round that decides nothing, and its record."""
    round = record.chained(
        Round(
            n=1,
            at=at,
            full=True,
            seed=1,
            offsets=(0,),
            policy="p",
            base="b",
            code="c",
            fingerprint="f",
            previous="",
            digest="",
            changes=(),
        )
    )
    topic = village.settings.topics.rounds.name
    images = tuple(Image(topic, each.key, (), each.value) for each in record.split(round))
    return Decision(round, ledgers.apply_round(ledgers.EMPTY, round), {}, images)
