"""The bus door: the inboxes of all platforms, whatever stands in them, and the dead letters."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from typing import Any

import msgspec
import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import KafkaError, Producer

from crosstie import dlq
from crosstie.dlq_pile import Pile
from crosstie.door.record import MOST_BYTES
from crosstie.runtime import letters
from crosstie.runtime.admin import end_offsets
from crosstie.runtime.group_offsets import committed
from tests.services.ingestion_world import (
    World,
    client,
    event,
    eventually,
    ingestion,
    joined,
    met,
    person,
)
from tests.spoiled import PLACEHOLDER, spoil

_LOG_APPEND_TIME = 1


def binary(sent: dict[str, Any]) -> tuple[bytes, list[tuple[str, bytes]]]:
    headers = [(f"ce_{name}", value.encode()) for name, value in sent.items() if name != "data"]
    return json.dumps(sent["data"]).encode(), [*headers, ("content-type", b"application/json")]


async def test_binary_and_structured_events_reach_the_log(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with ingestion(world.settings), world.producer() as producer:
        value, headers = binary(joined("ada"))
        await producer.send_and_wait(inbox, value, headers=headers)
        structured = json.dumps(joined("bob")).encode()
        for media in (b"application/cloudevents+json; charset=UTF-8", None):
            more = [("content-type", media)] if media else []
            await producer.send_and_wait(inbox, structured, headers=more)
        await eventually(lambda: _logged(world, 3))
    ada, bob = await world.subject("ada"), await world.subject("bob")
    assert {each.key for each in await world.events()} == {f"member/{ada}", f"member/{bob}"}


async def test_both_doors_put_a_key_on_the_same_partition(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with (
        ingestion(world.settings) as (service, _),
        client(service, world.key) as http,
        world.producer() as producer,
    ):
        people = [f"p{n}" for n in range(20)]
        await http.post("/v1/events", json=[joined(each) for each in people])
        for each in people:
            await producer.send(inbox, json.dumps(joined(each)).encode())
        await eventually(lambda: _logged(world, 40))
    records = await world.records(world.settings.topics.events.name)
    assert len({each.key for each in records}) == 20
    assert len({(each.key, each.partition) for each in records}) == 20


async def test_what_is_wrong_is_kept_as_it_came_with_the_reason(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    foreign = json.dumps(joined("eve", source="https://other.example")).encode()
    headers = [("x", b"\xff\x00"), ("reply_to", b"anything"), ("crosstie_omitted", b"x")]
    async with ingestion(world.settings), world.producer() as producer:
        at = await producer.send_and_wait(inbox, foreign, b"\x00key", headers=headers)
        await producer.send_and_wait(inbox, json.dumps(joined("ada")).encode())
        (letter,) = await eventually(world.letters)
        await eventually(lambda: _logged(world, 1))
    assert (letter.key, letter.value, letter.headers) == (b"\x00key", foreign, headers)
    assert (letter.topic, letter.partition, letter.offset) == (inbox, at.partition, at.offset)
    assert letter.reason.pointer == "/source"
    assert "https://members.example" in letter.reason.limit


async def test_nulls_and_huge_records_are_dead_letters(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    huge = json.dumps(joined("x" * 1_200_000)).encode()
    async with ingestion(world.settings), world.producer() as producer:
        await producer.send_and_wait(inbox, None, b"key", partition=0)
        await producer.send_and_wait(inbox, huge, partition=0)
        await producer.send_and_wait(inbox, json.dumps(joined("ada")).encode(), partition=0)
        await eventually(lambda: _logged(world, 1))
    null, big = sorted(await world.letters(), key=lambda each: each.offset)
    assert null.value is None
    assert big.value == huge
    assert "at most 1048576 bytes" in big.reason.limit


async def test_what_a_client_aborts_is_never_seen_and_leaves_no_lag(world: World) -> None:
    settings, inbox = world.settings, world.settings.topics.inbox("members").name
    group = f"{settings.topic_prefix}ingestion"
    options = settings.brokers.aiokafka() | {"transactional_id": f"{settings.topic_prefix}client"}
    producer = AIOKafkaProducer(**options)
    async with ingestion(settings):
        await producer.start()
        try:
            for person_, ends in (
                ("ada", producer.commit_transaction),
                ("eve", producer.abort_transaction),
            ):
                await producer.begin_transaction()
                await producer.send_and_wait(
                    inbox, json.dumps(joined(person_)).encode(), partition=0
                )
                await ends()
        finally:
            await producer.stop()

        async def nothing_waits() -> bool:
            ends = await asyncio.to_thread(end_offsets, settings.brokers, inbox, [0])
            return await committed(settings.brokers, group, inbox, [0]) == ends

        await eventually(nothing_waits)
    (ada,) = await world.events()
    assert ada.key == f"member/{await world.subject('ada')}"
    assert await world.letters() == []


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_batches_of_every_codec_are_read(world: World, codec: str) -> None:
    inbox = world.settings.topics.inbox("members").name
    options = {"compression.type": codec, "linger.ms": 50}
    producer = Producer({"bootstrap.servers": world.settings.kafka_bootstrap, **options})
    async with ingestion(world.settings):
        for n in range(50):
            producer.produce(inbox, json.dumps(joined(f"p{n}")).encode(), timestamp=n + 1)
        producer.produce(
            inbox, None, b"\xff" * 1_000, headers=[("ce_id", None), ("ce_id", b"\xff")]
        )
        assert producer.flush(30) == 0
        await eventually(lambda: _logged(world, 50))
        assert len(await eventually(world.letters)) == 1


async def test_a_record_that_unpacks_into_more_than_is_allowed_never_gets_in(world: World) -> None:
    topic = world.settings.topics.inbox("members").name
    options = {"compression.type": "zstd", "message.max.bytes": 100_000_000}
    producer = Producer({"bootstrap.servers": world.settings.kafka_bootstrap, **options})
    errors: list[Any] = []
    for size in (8 * 1024 * 1024, 1_000):
        producer.produce(topic, bytes(size), on_delivery=lambda error, _: errors.append(error))
        await asyncio.to_thread(producer.flush, 30)
    too_large, none = errors
    assert too_large.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert none is None


async def test_a_header_name_that_is_no_text_stops_nobody(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with ingestion(world.settings), world.producer() as producer:
        for value in (b"wrong", json.dumps(joined("ada")).encode()):
            batch = producer.create_batch()
            batch.append(timestamp=None, key=b"k", value=value, headers=[(PLACEHOLDER, b"v")])
            neighbour = json.dumps(joined("bob")).encode()
            batch.append(timestamp=None, key=b"k", value=neighbour, headers=[])
            spoil(batch)
            await (await producer.send_batch(batch, inbox, partition=0))
        await eventually(lambda: _logged(world, 3))
        (letter,) = await eventually(world.letters)
    assert letter.value == b"wrong"
    assert letter.headers == [("hex:fffefffe", b"v")]


async def test_a_platform_added_later_is_read_within_ten_seconds(world: World) -> None:
    async with ingestion(world.settings), world.producer() as producer:
        await world.platform("learning", source="https://learn.example", authority="learners")
        data = {"member": person("ada", "learners"), "consent": True}
        sent = event("member.joined", data, source="https://learn.example")
        inbox = world.settings.topics.inbox("learning").name
        await producer.send_and_wait(inbox, json.dumps(sent).encode())
        await eventually(lambda: _logged(world, 1), seconds=10)
    assert await world.subject("ada", "learners") is not None


async def test_nothing_is_lost_when_the_service_is_replaced(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with world.producer() as producer:
        for round_ in range(3):
            for n in range(200):
                await producer.send(inbox, json.dumps(met(f"a{n}", f"b{round_}")).encode())
            async with ingestion(world.settings):
                await eventually(lambda: _logged(world, 50 + 200 * round_))  # noqa: B023
        async with ingestion(world.settings):
            await eventually(lambda: _distinct(world, 600))
    assert not await world.letters()


async def test_nothing_is_lost_while_replicas_come_and_go(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    async with world.producer() as producer, ingestion(world.settings):
        for round_ in range(3):
            async with ingestion(world.settings):
                for n in range(300):
                    await producer.send(inbox, json.dumps(met(f"a{n}", f"b{round_}")).encode())
                await producer.flush()
        await eventually(lambda: _distinct(world, 900))
    assert not await world.letters()


async def test_a_replayed_letter_is_the_original_again(world: World) -> None:
    inbox = world.settings.topics.inbox("members").name
    topics, brokers = world.settings.topics, world.settings.brokers
    sent = json.dumps(met("ada", "bob")).encode().ljust(MOST_BYTES - 3)  # with key and header
    await world.connection.execute("UPDATE registry.platforms SET sources = '{https://x}'")
    async with world.producer() as producer, ingestion(world.settings):
        await producer.send_and_wait(inbox, sent, b"k", headers=[("h", b"v")])
        (letter,) = await eventually(world.letters)
    await world.connection.execute(
        "UPDATE registry.platforms SET sources = '{https://members.example}'"
    )
    found, pile = await letters.letters(brokers, topics)
    assert found == [letter]
    assert await letters.replay(brokers, topics, found, pile) == letters.Replayed(1, {})
    async with ingestion(world.settings):
        await eventually(lambda: _logged(world, 1))
    *_, last = await world.records(inbox)
    assert (last.key, last.value) == (b"k", sent)
    told = ((dlq.REPLAY_OF, letter.name.encode()), (dlq.REPLAYS, b"1"))
    assert last.headers == (("h", b"v"), *told)


async def test_what_no_inbox_takes_stops_no_other_replay(world: World) -> None:
    topics, brokers = world.settings.topics, world.settings.brokers
    inbox = topics.inbox("members").name
    async with world.producer() as producer, ingestion(world.settings):
        await producer.send_and_wait(inbox, b"wrong")
        (letter,) = await eventually(world.letters)
    aged = msgspec.structs.replace(letter, partition=(letter.partition + 1) % 6)
    large = msgspec.structs.replace(letter, offset=7, value=secrets.token_bytes(3 * 1024 * 1024))
    gone = msgspec.structs.replace(aged, offset=-1, omitted=9, value=b"")
    beyond = msgspec.structs.replace(gone, offset=10**6)
    retired = msgspec.structs.replace(letter, topic=topics.inbox("retired").name)
    every = [large, gone, beyond, retired, letter]
    pile = Pile()
    for each in every:
        pile.add(each)
    done = await letters.replay(brokers, topics, every, pile)
    assert done.count == 1
    assert {name: why.pointer for name, why in done.left.items()} == {
        large.name: "",
        gone.name: "/offset",
        beyond.name: "/offset",
        retired.name: "/topic",
    }
    assert [each.value for each in await world.records(inbox)] == [b"wrong"] * 2


async def test_a_record_with_an_old_timestamp_is_kept_from_when_it_was_written(
    world: World,
) -> None:
    """Else retention, which counts from the timestamp, takes it before anybody reads it."""
    topics = world.settings.topics
    day = 86_400_000
    inbox, began = topics.inbox("members").name, time.time_ns() // 1_000_000
    async with ingestion(world.settings), world.producer() as producer:
        for value in (json.dumps(joined("ada")).encode(), b"wrong"):
            old = began - 60 * day
            await producer.send_and_wait(inbox, value, b"k", timestamp_ms=old)
        await eventually(world.letters)
        await eventually(lambda: _logged(world, 1))
    for name in (inbox, topics.dlq.name, topics.events.name):
        for record in await world.records(name):
            assert record.timestamp_type == _LOG_APPEND_TIME
            assert began - day < record.timestamp < began + day


async def _logged(world: World, count: int) -> bool:
    return len(await world.events()) >= count


async def _distinct(world: World, count: int) -> bool:
    return len({each.id for each in await world.events()}) == count
