"""Reading `network.v1`: only what is committed, only up to the newest mark, to the very end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from crosstie.network.state import member_key
from crosstie.runtime.service import Running
from crosstie.runtime.stack import Stack
from crosstie.topics import LOG_PARTITIONS
from services.matching.assembly import Cut
from services.matching.reader import Reader
from tests.services.matching_world import (
    START,
    World,
    all_of,
    joins,
    meets,
    partition_of,
    settings_of,
    subject,
    there_and_back,
    until,
    world,
)


@pytest.fixture
async def made(stack: Stack, topic_prefix: str, database: str) -> AsyncIterator[World]:
    async with world(settings_of(stack, topic_prefix, database)) as one:
        yield one


@contextlib.asynccontextmanager
async def reading(made: World, again: Reader | None = None) -> AsyncIterator[Reader]:
    running = Running()
    reader = again or Reader(made.settings, running)
    reader._running = running
    task = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        running.stop.set()
        await task


async def cut_now(reader: Reader) -> Cut:
    await reader.up_to_end()
    return reader.cut()


async def test_a_cut_is_what_the_writer_folded(made: World) -> None:
    async with reading(made) as reader:
        await made.village(20)
        cut = await cut_now(reader)
    assert cut.rows == made.hand.rows
    assert sum(cut.offsets) == 120
    assert cut.latest == START + 19
    assert cut.changed is None


async def test_rows_after_the_newest_mark_wait_for_theirs(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    key, partition = member_key(subject(1)), partition_of(member_key(subject(1)))
    async with reading(made) as reader:
        before = await cut_now(reader)
        await hand.producer.begin_transaction()
        await hand.put(partition, {key: None}, mark=False)
        await hand.producer.commit_transaction()
        assert (await cut_now(reader)).rows == before.rows
        await hand.producer.begin_transaction()
        await hand.put(partition, {}, mark=True)
        await hand.producer.commit_transaction()
        assert (await cut_now(reader)).rows == {}


async def test_an_aborted_transaction_never_shows_and_does_not_hold_up_the_end(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    async with reading(made) as reader:
        before = await cut_now(reader)
        await hand.producer.begin_transaction()
        await hand.put(3, {member_key("NOBODY"): None}, mark=True)
        await hand.producer.abort_transaction()
        assert await cut_now(reader) == Cut(before.rows, before.offsets, before.latest, frozenset())


async def test_what_a_pending_transaction_wrote_is_not_waited_for(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    async with reading(made) as reader:
        await hand.producer.begin_transaction()
        await hand.put(3, {member_key("NOBODY"): None}, mark=True)
        assert len((await cut_now(reader)).rows) == 1
        await hand.producer.commit_transaction()


async def test_only_members_whose_rows_differ_count_as_changed(made: World) -> None:
    hand = made.hand
    await made.village(10)
    async with reading(made) as reader:
        await cut_now(reader)
        assert (await cut_now(reader)).changed == frozenset()
        await hand.tell([meets(hand, 2, 5, START + 100)])
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))
        await there_and_back(made, member_key(subject(7)))
        assert (await cut_now(reader)).changed == frozenset()


async def test_a_new_consumer_goes_on_where_the_last_one_was(made: World) -> None:
    await made.village(10)
    async with reading(made) as reader:
        await cut_now(reader)
    await made.hand.tell([meets(made.hand, 2, 5, START + 100)])
    async with reading(made, reader):
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))


async def test_a_topic_that_lacks_what_comes_next_is_read_anew(made: World) -> None:
    await made.village(10)
    async with reading(made) as reader:
        first = await cut_now(reader)
    reader._positions = dict.fromkeys(range(LOG_PARTITIONS), 10_000)
    async with reading(made, reader):
        await until(lambda: _anew(reader))
        again = await cut_now(reader)
    assert (again.rows, again.offsets, again.changed) == (first.rows, first.offsets, None)


async def _anew(reader: Reader) -> bool:
    return (reader._positions or {}).get(0, 0) < 10_000


async def test_a_compacted_topic_tells_the_same_network(made: World) -> None:
    hand = made.hand
    await asyncio.to_thread(compact_soon, made)
    for turn in range(6):
        await hand.tell(
            event for n in range(12) for event in joins(hand, n, START + turn, place=f"town {turn}")
        )
    whole = len(await all_of(made.settings, hand.topic))

    async def compacted() -> bool:
        await hand.tell([meets(hand, 1, 2, START + 100)])  # rolls the active segment on
        return len(await all_of(made.settings, hand.topic)) < whole

    await until(compacted, seconds=150)
    async with reading(made) as reader:
        assert (await cut_now(reader)).rows == hand.rows


def compact_soon(made: World) -> None:
    values = {
        "segment.ms": "500",
        "min.cleanable.dirty.ratio": "0.01",
        "min.compaction.lag.ms": "0",
        "max.compaction.lag.ms": "1000",
        "delete.retention.ms": "0",
    }
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in values.items()
    ]
    resource = ConfigResource(
        ConfigResource.Type.TOPIC, made.hand.topic, incremental_configs=entries
    )
    admin = AdminClient({"bootstrap.servers": made.settings.kafka_bootstrap})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()
