"""Reading `dlq.v1`, and putting a dead letter's original back on its inbox."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from crosstie import dlq
from crosstie.dlq import Letter, Pile
from crosstie.errors import BrokerAway, Rejected
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.stopping import stop
from crosstie.topics import Topics

SEND_SECONDS = 60.0  # for one send, and for the acknowledgements of a portion
_PORTION = 500
_POLL_MS = 500
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many letters were replayed, and why which were not."""

    count: int
    left: dict[str, Rejected]


async def letters(
    bootstrap: str, topics: Topics, wanted: Callable[[Letter], bool] = lambda _: True
) -> tuple[list[Letter], Pile]:
    """The wanted dead letters, each once, oldest first within a partition, and the pile of all.

    Raises BrokerAway.
    """
    name = topics.dlq.name
    existing = await asyncio.to_thread(partitions_of, bootstrap)
    places = [TopicPartition(name, each) for each in range(existing.get(name, 0))]
    found: list[Letter] = []
    pile = Pile()
    async with _consumer(bootstrap) as consumer:
        async for record in _records(consumer, places):
            if (marked := dlq.marked(record.headers)) is not None:
                pile.mark(marked)
                continue
            letter = dlq.read(record.key, record.value, record.headers)
            if pile.add(letter) and wanted(letter):
                found.append(letter)
    return found, pile


async def replay(bootstrap: str, topics: Topics, chosen: Sequence[Letter], pile: Pile) -> Replayed:
    """Put originals back on their inboxes, and a mark beside the letter of each.

    Raises Rejected before anything is sent; BrokerAway, and then some may be replayed and not
    marked: to replay those again does no harm.
    """
    for each in chosen:
        if not each.topic.startswith(topics.inbox_prefix):
            limit = f"an inbox: {topics.inbox_prefix}<platform>"
            raise Rejected("/topic", each.topic, limit, "set CROSSTIE_TOPIC_PREFIX")
    left: dict[str, Rejected] = {}
    async with _consumer(bootstrap) as consumer, _producer(bootstrap) as producer:
        for at in range(0, len(chosen), _PORTION):
            portion = chosen[at : at + _PORTION]
            left |= await _put_back(consumer, producer, portion, pile)
            marks = [dlq.mark(each, _now()) for each in portion if each.name not in left]
            name = topics.dlq.name
            sent = [await _sent(producer, name, m.key, m.value, m.headers) for m in marks]
            await _acknowledged(sent)
    return Replayed(len(chosen) - len(left), left)


async def _put_back(
    consumer: Any, producer: Any, portion: Sequence[Letter], pile: Pile
) -> dict[str, Rejected]:
    """Which of them no inbox takes any more, and why."""
    left: dict[str, Rejected] = {}
    sent: dict[str, asyncio.Future[Any]] = {}
    for letter in portion:
        try:
            original = await _original(consumer, letter) if letter.omitted else letter
        except Rejected as gone:
            left[letter.name] = gone
            continue
        more = dlq.replay_headers(letter, pile.replays(letter))
        headers = [*dlq.as_sent(original.headers), *more]
        sent[letter.name] = await _sent(
            producer, letter.topic, original.key, original.value, headers
        )
    answers = zip(sent, await _acknowledged(list(sent.values())), strict=True)
    return left | {name: refused for name, refused in answers if refused is not None}


async def _original(consumer: Any, letter: Letter) -> Any:
    """The record that was too big for a letter. Raises Rejected once the inbox has forgotten it."""
    place = TopicPartition(letter.topic, letter.partition)
    async with asyncio.timeout(SEND_SECONDS):
        consumer.assign([place])
        first = (await consumer.beginning_offsets([place]))[place]
        if first > letter.offset:
            limit = f"still on the inbox, which begins at {first}"
            raise Rejected("/offset", letter.offset, limit, "ask the platform to send it again")
        consumer.seek(place, letter.offset)
        return await consumer.getone()


async def _sent(
    producer: Any, topic: str, key: bytes | None, value: bytes | None, headers: dlq.Headers
) -> asyncio.Future[Any]:
    if key is None and value is None:
        key = b""  # aiokafka sends no record without both
    async with asyncio.timeout(SEND_SECONDS):
        future: asyncio.Future[Any] = await producer.send(topic, value, key, headers=list(headers))
        return future


async def _acknowledged(sent: Sequence[asyncio.Future[Any]]) -> list[Rejected | None]:
    """Of each whether the topic refuses it for its size; any other error is the broker's."""
    async with asyncio.timeout(SEND_SECONDS):
        answers = await asyncio.gather(*sent, return_exceptions=True)
    for each in answers:
        if isinstance(each, BaseException) and not isinstance(each, _TOO_LARGE):
            raise each
    return [_too_large() if isinstance(each, _TOO_LARGE) else None for each in answers]


def _too_large() -> Rejected:
    limit = "of a size that the inbox takes"
    return Rejected("", "the original", limit, "raise the inbox's max.message.bytes")


def _now() -> int:
    return time.time_ns() // 1000


async def _records(consumer: Any, places: Sequence[TopicPartition]) -> AsyncIterator[Any]:
    """Everything that stands there now."""
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    ends = await consumer.end_offsets(places)
    while any([await consumer.position(each) < ends[each] for each in places]):
        found = await consumer.getmany(timeout_ms=_POLL_MS)
        for records in found.values():
            for each in records:
                yield each


@asynccontextmanager
async def _consumer(bootstrap: str) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", enable_auto_commit=False
    )
    async with _running(consumer):
        yield consumer


@asynccontextmanager
async def _producer(bootstrap: str) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",  # and not idempotent: a record that is refused would shut out those after it
        compression_type="lz4",
        max_request_size=512 * 1024 * 1024,  # the broker's limit is on what is compressed
    )
    async with _running(producer):
        yield producer


@asynccontextmanager
async def _running(client: Any) -> AsyncIterator[None]:
    try:
        await client.start()
        yield
    except (KafkaError, OSError) as error:  # TimeoutError is an OSError
        raise BrokerAway(f"{type(error).__name__}: {error}") from error
    finally:
        await stop(client)
