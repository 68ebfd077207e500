"""Rounds reach Kafka once and in order, whoever is interrupted or fenced meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerFenced
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from crosstie.errors import BrokerAway, DatabaseAway, Fenced, LogGap
from crosstie.runtime.admin import admin, create_topics, delete_topics
from services.matching.store import Store
from services.matching.written import Image
from tests.services.matching_rounds import make_again, recorded, rivals, round_after, round_one
from tests.services.matching_running import replica
from tests.services.matching_world import (
    PLATFORM,
    World,
    change,
    check_history,
    until,
)


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
        (1, i, topic, r.key, "[]", r.value) for i, (topic, r) in enumerate(recorded(village, first))
    ]
    await village.sql.copy_records_to_table("outbox", schema_name="matching", records=images)
    async with replica(village.settings):
        await change(village, 1)
        await village.round_published(2)
    assert await village.sql.fetchval("SELECT count(*) FROM matching.outbox") == 0
    await check_history(village)


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


@pytest.mark.parametrize("wrote", [True, False], ids=["by who wrote there", "by who took over"])
async def test_a_log_of_rounds_that_is_made_again_gets_no_round_and_is_told(
    village: World, *, wrote: bool
) -> None:
    async with rivals(village) as (store, leader, successor):
        first = round_one(village)
        await store.commit(first)
        await leader.publish(1)
        if not wrote:
            await successor.take_over()
        await make_again(village)
        await store.commit(second := round_after(village, first))
        with pytest.raises(
            LogGap, match=r"goes on at offset 0, but \d was .*; restore it by `crosstie rounds"
        ):
            await (leader if wrote else successor).publish(2)
        assert await village.rounds() == []
        with pytest.raises(LogGap, match="ends at round 0, but 1 were published; restore it"):
            await successor.take_over()
        for topic, each in recorded(village, second.round):
            await village.hand.log.send_and_wait(topic, each.value, each.key)
        with pytest.raises(LogGap, match="begins at round 2, must at 1"):
            await successor.take_over()


async def test_a_strangers_open_transaction_in_the_log_of_rounds_is_told_and_waited_for(
    village: World,
) -> None:
    brokers, name = village.settings.brokers, village.settings.topics.rounds.name
    stranger = AIOKafkaProducer(**brokers.aiokafka(), transactional_id=f"{name}-stranger")
    async with rivals(village) as (store, zombie, successor):
        await stranger.start()
        await stranger.begin_transaction()
        await stranger.send_and_wait(name, b"{}", b"stranger")
        await store.commit(round_one(village))
        await zombie.publish(1)
        with pytest.raises(BrokerAway, match="somebody else's transaction is open"):
            await successor._ready()
        await stranger.abort_transaction()
        await stranger.stop()
        await successor.take_over()
    assert [each.n for each in await village.rounds()] == [1]


async def test_a_topic_that_takes_no_record_so_large_is_named_with_the_limit_to_raise(
    village: World,
) -> None:
    name = village.settings.topics.rounds.name
    async with rivals(village) as (store, zombie, _):
        await store.commit(round_one(village))
        await asyncio.to_thread(_limited, village, name, "100")
        topics = await store.unpublished_topics(1)
        with pytest.raises(BrokerAway, match=r"rounds\.v1.*raise its max\.message\.bytes"):
            await zombie._sent(await zombie._ready(), topics, store.unpublished(1))
        await asyncio.to_thread(_limited, village, name, "2097152")
        await zombie.publish(1)
    assert [each.n for each in await village.rounds()] == [1]


def _limited(village: World, topic: str, most_bytes: str) -> None:
    """Records of so many bytes are the largest that the topic takes from now on."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    resource.add_incremental_config(
        ConfigEntry("max.message.bytes", most_bytes, incremental_operation=AlterConfigOpType.SET)
    )
    client = admin(village.settings.brokers)  # kept by a name: see end_offsets
    for done in client.incremental_alter_configs([resource]).values():
        done.result()
