"""Watching a system from the outside: what its log, rounds, dead letters and suggestions say.

Reads topics like anybody could; nothing here asks a service or PostgreSQL.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from crosstie.client.outcome import Received, received
from crosstie.dlq import Letter, marked, read
from crosstie.matching.model import Round
from crosstie.matching.record import Record, joined
from crosstie.runtime.stopping import stop
from crosstie.settings import Settings

Identity = tuple[str, str]  # source, id
_SILENCE_SECONDS = 10.0  # then the consumer is replaced: after a crash of Kafka it may hang
_START_SECONDS = 30.0
_OF_A_GATHERING = re.compile(r"(.+)/[A-Z2-7]{16}/[A-Z2-7]{16}")
_SUBJECT = re.compile(r"[A-Z2-7]{16}")


class Watcher:
    """What was seen so far."""

    def __init__(self, settings: Settings, platform: str) -> None:
        topics = settings.topics
        self._brokers = settings.brokers
        self._inbox = topics.inbox(platform).name
        handlers = {
            topics.events: self._logged,
            topics.rounds: self._round,
            topics.dlq: self._dead,
            topics.suggestions(platform): self._suggestion,
        }
        self._handlers: dict[str, Callable[[Any], None]] = {
            topic.name: handler for topic, handler in handlers.items()
        }
        self._assigned = [
            TopicPartition(topic.name, partition)
            for topic in handlers
            for partition in range(topic.partitions)
        ]
        self._positions: dict[TopicPartition, int] = {}
        self._round_parts: list[Record] = []
        self._ids: set[Identity] = set()
        self.in_log: set[Identity] = set()  # by id as sent: a gathering's pairs are one
        self.records = 0
        self.repeats = 0  # records of an id that the log had before: a retry, folded once
        self.dead: dict[str, Letter] = {}  # by place in the inbox: a batch may be read again
        self.ends: dict[int, int] = {}  # of the log, by partition: the offset after the last seen
        self.about: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
        self.rounds: list[Round] = []
        self.received: list[Received] = []
        self._moved = asyncio.Event()

    def unseen(self, identities: Iterable[Identity]) -> set[Identity]:
        """Which of these are not in the log yet."""
        return {each for each in identities if each not in self.in_log}

    def dead_identities(self) -> set[Identity]:
        """Of the dead letters, where they have one."""
        named = (dict(letter.headers) for letter in self.dead.values())
        return {
            (each["ce_source"].decode(errors="replace"), each["ce_id"].decode(errors="replace"))
            for each in named
            if "ce_source" in each and "ce_id" in each
        }

    @property
    def caught_up(self) -> bool:
        """Whether the newest round has read all of the log that was seen here."""
        if not self.rounds:
            return False
        offsets = self.rounds[-1].offsets
        return all(offsets[partition] >= end for partition, end in self.ends.items())

    def newest_about(
        self, subjects: Iterable[str], after: tuple[int, ...], below: tuple[int, ...]
    ) -> int | None:
        """Append time (ms) of the newest log record about one of them between those offsets."""
        times = (
            appended
            for subject in subjects
            for appended, partition, offset in self.about[subject]
            if after[partition] <= offset < below[partition]
        )
        return max(times, default=None)

    async def until(self, condition: Callable[[], bool], limit_seconds: float) -> bool:
        """Wait for a condition on what is seen; whether it came."""
        deadline = monotonic() + limit_seconds
        while not condition():
            if (left := deadline - monotonic()) <= 0:
                return False
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), min(left, 1.0))
        return True

    async def watch(self) -> None:
        """Read on until cancelled."""
        while True:
            try:
                async with self._consumer() as consumer:
                    await self._read(consumer)
            except (KafkaError, OSError):
                await asyncio.sleep(1.0)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        heard = monotonic()
        while monotonic() - heard < _SILENCE_SECONDS:
            async with asyncio.timeout(_SILENCE_SECONDS):
                batches = await consumer.getmany(timeout_ms=500)
            for partition, records in batches.items():
                for record in records:
                    self._handlers[partition.topic](record)
                self._positions[partition] = records[-1].offset + 1
            if batches:
                heard = monotonic()
                self._moved.set()

    @asynccontextmanager
    async def _consumer(self) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            **self._brokers.aiokafka(),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            async with asyncio.timeout(_START_SECONDS):
                await consumer.start()
            consumer.assign(self._assigned)
            for each in self._assigned:
                consumer.seek(each, self._positions.get(each, 0))
            yield consumer
        finally:
            await stop(consumer)

    def _logged(self, record: Any) -> None:
        headers = dict(record.headers)
        source, id = headers["ce_source"].decode(), headers["ce_id"].decode()
        part = _OF_A_GATHERING.fullmatch(id)
        self.repeats += (source, id) in self._ids
        self._ids.add((source, id))
        self.in_log.add((source, part[1] if part else id))
        self.records += 1
        self.ends[record.partition] = record.offset + 1
        for subject in _SUBJECT.findall(record.key.decode()):
            self.about[subject].append((record.timestamp, record.partition, record.offset))

    def _round(self, record: Any) -> None:
        self._round_parts.append(Record(record.key, record.value, tuple(record.headers)))
        if _last_part(record):
            self.rounds += joined(self._round_parts)
            self._round_parts = []

    def _dead(self, record: Any) -> None:
        if marked(record.headers) is not None:
            return
        letter = read(record.key, record.value, record.headers)
        if letter.topic == self._inbox:
            self.dead[letter.name] = letter

    def _suggestion(self, record: Any) -> None:
        self.received.append(received(record))


def _last_part(record: Any) -> bool:
    part: str = dict(record.headers).get("part", b"1/1").decode()
    number, _, of = part.partition("/")
    return number == of


@asynccontextmanager
async def watching(settings: Settings, platform: str) -> AsyncIterator[Watcher]:
    """A watcher that reads in the background meanwhile; its failure is the block's."""
    watcher = Watcher(settings, platform)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(watcher.watch())
        yield watcher
        task.cancel()
