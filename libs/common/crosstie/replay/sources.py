"""Topics read from Kafka in order, partition by partition, up to the offsets a caller asks for.

Nothing is kept but what was fetched ahead, so a log of any length can be replayed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from crosstie.errors import BrokerAway, Misconfigured
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.kafka import consumer_options, ends, started
from crosstie.runtime.stopping import stop
from crosstie.settings import Settings

_POLL_MS = 500
_STALLED_SECONDS = 60.0


class Record(Struct, frozen=True):
    """One record as it lies in Kafka; `timestamp` in milliseconds."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Tape:
    """One topic from its beginning, without a consumer group; only committed records."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.topic = topic
        self._brokers = settings.brokers
        self.begins: dict[int, int] = {}
        self._consumer = AIOKafkaConsumer(**consumer_options(settings))
        self._ahead: dict[int, deque[Record]] = {}

    async def __aenter__(self) -> Self:
        partitions = await self._partitions()  # first: it gives up on a broker that is away
        await started(self._consumer)
        try:
            self._consumer.assign([TopicPartition(self.topic, p) for p in partitions])
            begins = await self._consumer.beginning_offsets(self._consumer.assignment())
            self.begins = {each.partition: offset for each, offset in sorted(begins.items())}
            self._ahead = {partition: deque() for partition in self.begins}
            for partition, offset in self.begins.items():
                self._consumer.seek(TopicPartition(self.topic, partition), offset)
        except BaseException:
            await stop(self._consumer)
            raise
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await stop(self._consumer)

    async def ends(self) -> dict[int, int]:
        """The last stable offset of every partition, now."""
        return await ends(self._consumer, self.topic, self.begins)

    async def upto(self, partition: int, end: int) -> AsyncIterator[list[Record]]:
        """The records before `end` that were not read yet, as they come."""
        here = TopicPartition(self.topic, partition)
        ahead = self._ahead[partition]
        moved = time.monotonic()
        while True:
            if ready := _before(ahead, end):
                yield ready
            if ahead or await self._consumer.position(here) >= end:
                return
            got = await self._consumer.getmany(here, timeout_ms=_POLL_MS)
            ahead.extend(_record(each) for each in got.get(here, ()))
            if got:
                moved = time.monotonic()
            elif time.monotonic() - moved > _STALLED_SECONDS:
                raise BrokerAway(f"{self.topic}-{partition} gives nothing below offset {end}")

    async def all(self, upto: Mapping[int, int] | None = None) -> AsyncIterator[list[Record]]:
        """Every record before `upto`, by default the present ends; partition after partition."""
        for partition, end in (upto or await self.ends()).items():
            async for records in self.upto(partition, end):
                yield records

    async def _partitions(self) -> range:
        known = await asyncio.to_thread(partitions_of, self._brokers)
        if self.topic not in known:
            raise Misconfigured(
                f"topic {self.topic} does not exist; `crosstie topics` shows which do"
            )
        return range(known[self.topic])


def _before(ahead: deque[Record], end: int) -> list[Record]:
    ready = []
    while ahead and ahead[0].offset < end:
        ready.append(ahead.popleft())
    return ready


def _record(each: Any) -> Record:
    return Record(
        each.topic,
        each.partition,
        each.offset,
        each.timestamp,
        each.key,
        each.value,
        tuple(each.headers),
    )
