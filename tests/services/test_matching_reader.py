"""Reading `network.v1`: only what is committed, only up to the newest mark, to the very end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from crosstie.network.state import Member, Row, member_key, tie_key
from crosstie.network.wire import MARK_KEY, Mark, encode
from crosstie.runtime.kafka import consumer_options
from crosstie.runtime.service import Running
from crosstie.runtime.stack import Stack
from crosstie.topics import LOG_PARTITIONS
from services.matching import reader as reading_network
from services.matching.assembly import Cut, News
from services.matching.reader import Reader
from tests.services.matching_world import (
    START,
    World,
    all_of,
    settings_of,
    there_and_back,
    until,
    world,
)
from tests.services.network_hand import joins, meets, partition_of, subject


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
    return reader.network.cut()


async def line_now(reader: Reader) -> Cut:
    """A cut that is the base line of the next ones."""
    cut = await cut_now(reader)
    reader.network.draw_line()
    return cut


async def rows_now(reader: Reader) -> dict[str, Row]:
    await reader.up_to_end()
    return dict(reader.network.rows)


async def test_a_cut_is_what_the_writer_folded(made: World) -> None:
    async with reading(made) as reader:
        await made.village(20)
        cut = await cut_now(reader)
        assert reader.network.rows == made.hand.rows
    assert sum(cut.offsets) == 120
    assert cut.latest == START + 19
    assert cut.changed is None


async def test_up_to_the_end_is_up_to_where_it_was_when_asked(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll, asked, gate = Reader._poll, asyncio.Event(), asyncio.Event()

    async def held_back(self: Reader, consumer: Any) -> None:
        await gate.wait()
        await poll(self, consumer)

    async def reached(self: Reader, wanted: dict[int, int]) -> None:
        asked.set()
        await really(self, wanted)

    really = Reader._reached
    monkeypatch.setattr(Reader, "_poll", held_back)
    monkeypatch.setattr(Reader, "_reached", reached)
    await made.village(3)
    async with reading(made) as reader:
        reading_up = asyncio.create_task(reader.up_to_end())
        await asked.wait()
        await asyncio.wait((reading_up,), timeout=0.2)  # far longer than it takes not to wait
        assert not reading_up.done()
        gate.set()
        await reading_up
        assert reader.network.rows == made.hand.rows


async def test_rows_after_the_newest_mark_wait_for_theirs(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    key, partition = member_key(subject(1)), partition_of(member_key(subject(1)))
    async with reading(made) as reader:
        before = await rows_now(reader)
        await hand.producer.begin_transaction()
        await hand.put(partition, {key: None}, mark=False)
        await hand.commit()
        assert await rows_now(reader) == before
        await hand.producer.begin_transaction()
        await hand.put(partition, {}, mark=True)
        await hand.commit()
        assert await rows_now(reader) == {}


async def test_an_aborted_transaction_never_shows_and_does_not_hold_up_the_end(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    async with reading(made) as reader:
        before = await line_now(reader)
        await hand.producer.begin_transaction()
        await hand.put(3, {member_key("NOBODY"): None}, mark=True)
        await hand.producer.abort_transaction()
        after = await cut_now(reader)
        assert after == Cut(before.offsets, before.latest, frozenset(), touched=False)


async def test_what_a_pending_transaction_wrote_is_not_waited_for(made: World) -> None:
    hand = made.hand
    await hand.tell(joins(hand, 1, START))
    async with reading(made) as reader:
        await hand.producer.begin_transaction()
        await hand.put(3, {member_key("NOBODY"): None}, mark=True)
        assert len(await rows_now(reader)) == 1
        await hand.commit()


async def test_only_members_whose_rows_differ_count_as_changed(made: World) -> None:
    hand = made.hand
    await made.village(10)
    async with reading(made) as reader:
        await line_now(reader)
        assert (await cut_now(reader)).changed == frozenset()
        await hand.tell([meets(hand, 2, 5, START + 100)])
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))
        await there_and_back(made, member_key(subject(7)))
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))
        reader.network.draw_line()
        assert (await cut_now(reader)).changed == frozenset()


async def test_what_changed_counts_from_the_base_line_however_often_it_was_cut(made: World) -> None:
    hand = made.hand
    await made.village(10)
    async with reading(made) as reader:
        await line_now(reader)
        await hand.tell([meets(hand, 2, 5, START + 100)])
        cut = await cut_now(reader)
        await hand.tell([meets(hand, 3, 6, START + 101)])  # between a cut and its base line
        await reader.up_to_end()
        reader.network.draw_line()
        assert cut.changed == frozenset((subject(2), subject(5)))
        assert (await cut_now(reader)).changed == frozenset((subject(3), subject(6)))
        assert (await cut_now(reader)).changed == frozenset((subject(3), subject(6)))


def _told(news: News) -> tuple[dict[str, Row], frozenset[str] | None]:
    return dict(news.rows()), news.keys


async def test_news_is_told_once_and_all_of_it_at_first(made: World) -> None:
    hand = made.hand
    await made.village(10)
    async with reading(made) as reader:
        await reader.up_to_end()
        assert _told(reader.network.news()) == (hand.rows, None)
        await hand.tell([meets(hand, 2, 5, START + 100)])
        await reader.up_to_end()
        key = tie_key(subject(2), subject(5))
        assert _told(reader.network.news()) == (hand.rows, frozenset((key,)))
        assert reader.network.news().keys == frozenset()


async def test_a_new_consumer_goes_on_where_the_last_one_was(made: World) -> None:
    await made.village(10)
    async with reading(made) as reader:
        await line_now(reader)
    await made.hand.tell([meets(made.hand, 2, 5, START + 100)])
    async with reading(made, reader):
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))


async def test_a_consumer_that_stands_still_makes_it_unready_and_is_replaced(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_network, "_WATCH_SECONDS", 0.5)
    getmany, hanging, hangs = AIOKafkaConsumer.getmany, set[int](), asyncio.Event()
    asked: list[Any] = []  # whoever reads: the last one does so now

    async def nothing_once_it_hangs(self: Any, *partitions: Any, **limits: Any) -> Any:
        asked.append(self)
        if id(self) not in hanging:
            return await getmany(self, *partitions, **limits)
        hangs.set()
        return await asyncio.sleep(limits["timeout_ms"] / 1000, {})

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", nothing_once_it_hangs)
    await made.village(10)
    async with reading(made) as reader:
        await line_now(reader)
        hung, told = asked[-1], Told()
        reader._running.unready = told
        hanging.add(id(hung))
        await hangs.wait()  # what a fetch under way still brings is read
        await made.hand.tell([meets(made.hand, 2, 5, START + 100)])
        assert (await cut_now(reader)).changed == frozenset((subject(2), subject(5)))
        assert asked[-1] is not hung
    assert "consumer" in told.ever
    assert "consumer" not in told


async def test_whoever_asks_for_ends_does_not_wait_until_a_fetch_brings_news(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = consumer_options(made.settings) | {"fetch_max_wait_ms": 30_000}
    monkeypatch.setattr(reading_network, "consumer_options", lambda _: patient)
    await made.village(10)
    async with reading(made) as reader, asyncio.timeout(20):  # the broker holds a fetch for 30
        first, *others = [(await cut_now(reader)).offsets for _ in range(3)]
        assert sum(first) > 0
        assert others == [first, first]


class Told(dict[str, str]):
    """Reasons why it is not ready, and all that ever were."""

    def __init__(self) -> None:
        super().__init__()
        self.ever: set[str] = set()

    def __setitem__(self, name: str, reason: str) -> None:
        self.ever.add(name)
        super().__setitem__(name, reason)


async def test_a_topic_that_lacks_what_comes_next_is_read_anew(made: World) -> None:
    await made.village(10)
    async with reading(made) as reader:
        first, rows = await cut_now(reader), await rows_now(reader)
    reader._positions = dict.fromkeys(range(LOG_PARTITIONS), 10_000)
    gone = member_key("GONE").encode()  # its tombstone will be missed
    mark = encode(Mark(first.offsets[0], first.latest))
    reader.network.take(0, [(gone, encode(Member("GONE"))), (MARK_KEY.encode(), mark)])
    async with reading(made, reader):
        await until(lambda: _anew(reader))
        again = await cut_now(reader)
    assert (dict(reader.network.rows), again.offsets) == (rows, first.offsets)
    assert again.changed is None


async def _anew(reader: Reader) -> bool:
    return (reader._positions or {}).get(0, 0) < 10_000


async def test_a_compacted_topic_tells_the_same_network(made: World) -> None:
    hand = made.hand
    await asyncio.to_thread(compact_soon, made)
    for turn in range(6):
        await hand.tell(
            event for n in range(12) for event in joins(hand, n, START + turn, place=f"town {turn}")
        )
    whole = len(await all_of(made.settings, hand.topics.network.name))

    async def compacted() -> bool:
        await hand.tell([meets(hand, 1, 2, START + 100)])  # rolls the active segment on
        return len(await all_of(made.settings, hand.topics.network.name)) < whole

    await until(compacted, seconds=150)
    async with reading(made) as reader:
        assert await rows_now(reader) == hand.rows


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
        ConfigResource.Type.TOPIC, made.hand.topics.network.name, incremental_configs=entries
    )
    admin = AdminClient({"bootstrap.servers": made.settings.kafka_bootstrap})
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()
