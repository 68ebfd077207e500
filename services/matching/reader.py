"""Reads all of `network.v1`, without a group, and says when it has read up to the end.

A warm follower and the leader read alike; only the leader asks for cuts.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from crosstie.errors import BrokerAway
from crosstie.runtime.kafka import consumer_options, ends, started, topics_exist
from crosstie.runtime.service import Running
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from crosstie.topics import COMPACTION_LAG_MS
from services.matching import figures
from services.matching.assembly import Assembly

log = logger("matching.reader")

_REASON = "consumer"
_POLL_MS = 200
_MOST_RECORDS = 10_000  # decoded in one go: 50 ms of the event loop
_WATCH_SECONDS = 15.0  # no progress for so long, with more to read: the consumer hangs
_LONGEST_READ_SECONDS = COMPACTION_LAG_MS / 2_000
_TOMBSTONE_SECONDS = 12 * 3600.0  # half of what Kafka keeps them: who was away longer starts over


class _StartOver(Exception):
    """What was read no longer tells the whole network."""


@dataclass(frozen=True, slots=True)
class _Watch:
    """What there was to read at a moment (monotonic seconds), and the sum of positions then."""

    at: float
    wanted: dict[int, int]
    position: int


class Reader:
    """The network in memory, fed until the service stops."""

    def __init__(self, settings: Settings, running: Running) -> None:
        self._settings = settings
        self._running = running
        self._topic = settings.topics.network
        self._events = settings.topics.events
        self._partitions = [
            TopicPartition(self._topic.name, p) for p in range(self._topic.partitions)
        ]
        self._moved = asyncio.Condition()
        self._started = asyncio.Event()
        self._asking: AIOKafkaConsumer | None = None
        self._start_over()

    def _start_over(self) -> None:
        self.network = Assembly(self._topic.partitions)
        self._positions: dict[int, int] | None = None
        self._watched = _Watch(time.monotonic(), {}, -1)
        self._complete_at = time.monotonic()  # it is known to have read what was there then

    async def run(self) -> None:
        """Read until told to stop; a hanging or failing consumer is replaced by a new one."""
        while not self._running.stop.is_set():
            try:
                await self._read()
            except (_StartOver, NoOffsetForPartitionError, OffsetOutOfRangeError) as reason:
                log.warning("starting over", reason=str(reason))
                self._start_over()
            except (BrokerAway, KafkaError, OSError) as reason:
                self._running.unready[_REASON] = f"{type(reason).__name__}: {reason}"
                log.warning("reading again", reason=self._running.unready[_REASON])
                await self._running.pause(1.0)

    async def up_to_end(self) -> None:
        """Return once everything that was in the topic when asked is in the network.

        Raises BrokerAway. A read that took over 5 minutes asks again: compaction may have passed.
        """
        while True:
            begun = time.monotonic()
            await self._reached(await self._ends(self._topic.name, self._topic.partitions))
            if time.monotonic() - begun < _LONGEST_READ_SECONDS:
                return

    async def log_ends(self) -> tuple[int, ...]:
        """Where the log ends, by partition. Raises BrokerAway."""
        found = await self._ends(self._events.name, self._events.partitions)
        return tuple(found[partition] for partition in range(self._events.partitions))

    async def changed(self, seconds: float) -> None:
        """Wait until more was read, at most so long."""
        try:
            async with asyncio.timeout(seconds), self._moved:
                await self._moved.wait()
        except TimeoutError:
            return

    async def _ends(self, topic: str, partitions: int) -> dict[int, int]:
        while self._asking is None:
            await self._started.wait()
        return await ends(self._asking, topic, range(partitions))

    async def _reached(self, wanted: dict[int, int]) -> None:
        async with self._moved:
            await self._moved.wait_for(lambda: self._has(wanted))

    def _has(self, wanted: dict[int, int]) -> bool:
        at = self._positions or {}
        return all(at.get(partition, 0) >= end for partition, end in wanted.items())

    async def _read(self) -> None:
        topics = self._settings.topics
        asked = (topics.events, topics.network, topics.rounds)
        await topics_exist(self._settings, asked, self._running)
        options = consumer_options(self._settings)
        # a broker answers what comes by one connection in turn, and a fetch waits for news: whoever
        # asks for ends does so by a connection of its own
        consumer, asking = AIOKafkaConsumer(**options), AIOKafkaConsumer(**options)
        try:
            await started(consumer, self._running)
            await started(asking, self._running)
            await self._seek(consumer)
            self._asking = asking
            self._started.set()
            while not self._running.stop.is_set():
                await self._poll(consumer)
                await self._watch(asking)
        finally:
            self._started.clear()
            self._asking = None
            await stop(asking)
            await stop(consumer)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        consumer.assign(self._partitions)
        if self._positions is None:
            first = await consumer.beginning_offsets(self._partitions)
            self._positions = {each.partition: offset for each, offset in first.items()}
        for each in self._partitions:
            consumer.seek(each, self._positions[each.partition])

    async def _poll(self, consumer: AIOKafkaConsumer) -> None:
        batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST_RECORDS)
        for each, records in batches.items():
            strays = self.network.take(each.partition, ((r.key, r.value) for r in records))
            if strays:
                figures.STRAYS.inc(strays)
                first, last = records[0].offset, records[-1].offset
                where = f"{each.topic}-{each.partition}@{first}-{last}"
                log.error("records passed over that profile did not write", at=where, n=strays)
        at = {each.partition: await consumer.position(each) for each in self._partitions}
        if at != self._positions:
            self._running.unready.pop(_REASON, None)
            async with self._moved:
                self._positions = at
                self._moved.notify_all()

    async def _watch(self, asking: AIOKafkaConsumer) -> None:
        """Notice a consumer that hangs without an error, and tombstones that may have been missed."""
        before, now = self._watched, time.monotonic()
        if now - before.at < _WATCH_SECONDS:
            return
        complete = self._has(before.wanted)
        if complete:
            self._complete_at = before.at
            self._running.unready.pop(_REASON, None)
        if now - self._complete_at > _TOMBSTONE_SECONDS:
            raise _StartOver("away for longer than tombstones are kept")
        position = sum((self._positions or {}).values())
        if not complete and position == before.position:
            raise BrokerAway("no progress although there is more to read")
        wanted = await ends(asking, self._topic.name, range(self._topic.partitions))
        self._watched = _Watch(time.monotonic(), wanted, position)
