"""Reading `dlq.v1`, putting a dead letter's original back on its inbox, and dismissing one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from crosstie import dlq, instants
from crosstie.brokers import Brokers
from crosstie.dlq import Letter
from crosstie.dlq_pile import Pile
from crosstie.door.entries import Entry
from crosstie.errors import Misconfigured, Rejected
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.away import reached
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.runtime.tolerant import tolerate
from crosstie.topics import Topics

log = logger("letters")

SEND_SECONDS = 60.0  # for one send, and for the acknowledgements of a portion
_PORTION, _PORTION_BYTES = 500, 16 * 1024 * 1024
_POLL_MS = 500
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many letters were replayed, and why which were not."""

    count: int
    left: dict[str, Rejected]


async def letters(
    brokers: Brokers, topics: Topics, wanted: Callable[[Letter], bool] = lambda _: True
) -> tuple[list[Letter], Pile]:
    """The wanted dead letters, each once, oldest first within a partition, and the pile of all.

    Raises Misconfigured, BrokerAway.
    """
    name = topics.dlq.name
    existing = await asyncio.to_thread(partitions_of, brokers)
    if name not in existing:
        raise Misconfigured(f"topic {name} does not exist; run `crosstie topics create`")
    places = [TopicPartition(name, each) for each in range(existing[name])]
    found: list[Letter] = []
    pile = Pile()
    async with _consumer(brokers) as consumer:
        async for record in _records(consumer, places):
            if (marked := dlq.marked(record.headers)) is not None:
                pile.mark(marked, "dismissed" if dlq.dismissed(record.headers) else "replayed")
                continue
            letter = _letter(record)
            if letter is not None and pile.add(letter) and wanted(letter):
                found.append(letter)
    return found, pile


def _letter(record: Any) -> Letter | None:
    """The letter; None for what is none, which hides no other."""
    try:
        return dlq.read(record.key, record.value, record.headers)
    except Rejected:
        place = f"{record.topic}-{record.partition}@{record.offset}"
        log.warning("passed over: no dead letter", at=place)
        return None


async def replay(
    brokers: Brokers, topics: Topics, chosen: Sequence[Letter], pile: Pile
) -> Replayed:
    """Put originals back on their inboxes, and a mark beside the letter of each.

    Raises Rejected before anything is sent; BrokerAway, and then some may be replayed and not
    marked: to replay those again does no harm.
    """
    for each in chosen:
        if not each.topic.startswith(topics.inbox_prefix):
            limit = f"an inbox: {topics.inbox_prefix}<platform>"
            raise Rejected("/topic", each.topic, limit, "set CROSSTIE_TOPIC_PREFIX")
    existing = await asyncio.to_thread(partitions_of, brokers)
    left = {each.name: _gone(each) for each in chosen if each.topic not in existing}
    async with _consumer(brokers) as consumer, _producer(brokers) as producer:
        for portion in _portions([each for each in chosen if each.name not in left]):
            done = await _put_back(consumer, producer, portion, pile)
            left |= {name: why for name, why in done.items() if isinstance(why, Rejected)}
            names = {
                name
                for each in portion
                if done[each.name] is None
                for name in (each.name, pile.newest(each))
            }
            marks = [dlq.mark(each, instants.now()) for each in sorted(names)]
            for answer in (*done.values(), *await _marked(producer, topics, marks)):
                if isinstance(answer, BaseException) and not isinstance(answer, Rejected):
                    raise answer  # once what was replayed is marked
    return Replayed(len(chosen) - len(left), left)


async def dismiss(brokers: Brokers, topics: Topics, names: Iterable[str]) -> None:
    """Leave a mark beside each letter that nobody is to mend. Raises BrokerAway."""
    marks = [dlq.mark(each, instants.now(), dismissed=True) for each in names]
    async with _producer(brokers) as producer:
        for answer in await _marked(producer, topics, marks):
            if answer is not None:
                raise answer


async def _marked(
    producer: Any, topics: Topics, marks: Iterable[Entry]
) -> list[BaseException | None]:
    name = topics.dlq.name
    sent = [await _sent(producer, name, each.key, each.value, each.headers) for each in marks]
    return await _acknowledged(sent)


def _portions(chosen: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    """As many as are acknowledged in time also on a slow line."""
    portion: list[Letter] = []
    size = 0
    for each in chosen:
        size += max(len(each.value or b""), each.omitted)
        if portion and (len(portion) == _PORTION or size > _PORTION_BYTES):
            yield portion
            portion, size = [], max(len(each.value or b""), each.omitted)
        portion.append(each)
    if portion:
        yield portion


async def _put_back(
    consumer: Any, producer: Any, portion: Sequence[Letter], pile: Pile
) -> dict[str, BaseException | None]:
    """What became of each: None, Rejected where no inbox takes it, else what the broker said."""
    found: dict[str, BaseException | None] = {}
    sent: dict[str, asyncio.Future[Any]] = {}
    for letter in portion:
        try:
            original = await _original(consumer, letter) if letter.omitted else letter
        except Rejected as gone:
            found[letter.name] = gone
            continue
        more = dlq.replay_headers(letter, pile.replays(letter))
        headers = [*dlq.sendable(dlq.as_sent(original.headers)), *more]
        sent[letter.name] = await _sent(
            producer, letter.topic, original.key, original.value, headers
        )
    return found | dict(zip(sent, await _acknowledged(list(sent.values())), strict=True))


async def _original(consumer: Any, letter: Letter) -> Any:
    """The record that was too big for a letter. Raises Rejected once the inbox has forgotten it."""
    place = TopicPartition(letter.topic, letter.partition)
    async with asyncio.timeout(SEND_SECONDS):
        consumer.assign([place])
        first = (await consumer.beginning_offsets([place]))[place]
        end = (await consumer.end_offsets([place]))[place]
        if not first <= letter.offset < end:
            limit = f"still on the inbox, which holds {first} to {end - 1}"
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


async def _acknowledged(sent: Sequence[asyncio.Future[Any]]) -> list[BaseException | None]:
    """Of each None, or Rejected where the topic refuses it for its size, or what the broker said."""
    if sent:
        await asyncio.wait(sent, timeout=SEND_SECONDS)
    return [_answer(each) for each in sent]


def _answer(sent: asyncio.Future[Any]) -> BaseException | None:
    if not sent.done():
        return TimeoutError(f"not acknowledged within {SEND_SECONDS:.0f} s")
    error = sent.exception()
    return _too_large() if isinstance(error, _TOO_LARGE) else error


def _gone(letter: Letter) -> Rejected:
    limit = "an inbox that there is"
    return Rejected("/topic", letter.topic, limit, "make its platform again, or let it age out")


def _too_large() -> Rejected:
    limit = "of a size that the inbox takes"
    return Rejected("", "the original", limit, "raise the inbox's max.message.bytes")


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
async def _consumer(brokers: Brokers) -> AsyncIterator[Any]:
    tolerate()
    consumer = AIOKafkaConsumer(
        **brokers.aiokafka(), isolation_level="read_committed", enable_auto_commit=False
    )
    async with _running(consumer):
        yield consumer


@asynccontextmanager
async def _producer(brokers: Brokers) -> AsyncIterator[Any]:
    producer = AIOKafkaProducer(
        **brokers.aiokafka(),
        acks="all",  # and not idempotent: a record that is refused would shut out those after it
        compression_type="lz4",
        max_request_size=512 * 1024 * 1024,  # the broker's limit is on what is compressed
    )
    async with _running(producer):
        yield producer


@asynccontextmanager
async def _running(client: Any) -> AsyncIterator[None]:
    try:
        with reached():
            await client.start()
            yield
    finally:
        await stop(client)
