"""The log as aiokafka's consumer gives it: explicit offsets only, gaps said aloud."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, LogGap
from crosstie.runtime.admin import end_offsets
from crosstie.runtime.telemetry import logger
from services.profile.batch import Record
from services.profile.namesake import topic_id

log = logger("profile")

NOWHERE = 2**62  # no log is that long: what is fetched before we know better is nothing
_FETCH_MS = 1_000
NOTE_SECONDS = 3
_POSITION_SECONDS = 1


class KafkaLog:
    """See ports.Log."""

    def __init__(
        self, consumer: AIOKafkaConsumer, brokers: Brokers, topic: str, batch_events: int
    ) -> None:
        self.topic = topic
        self._consumer = consumer
        self._brokers = brokers
        self._batch_events = batch_events
        self._topic_id: asyncio.Task[str] | None = None

    def hold_back(self, partitions: set[TopicPartition]) -> None:
        """Read nothing of newly assigned partitions yet; before the first await, or they run."""
        self._topic_id = None
        for each in partitions:
            self._consumer.seek(each, NOWHERE)
        self._consumer.pause(*partitions)

    async def topic_id(self) -> str:
        """Asked once for all partitions of an assignment."""
        if self._topic_id is None or (self._topic_id.done() and self._topic_id.exception()):
            self._topic_id = asyncio.create_task(self._ask_topic_id())
        return await asyncio.shield(self._topic_id)

    async def ask_again(self) -> None:
        """Raises LogGap when the topic is not the one it was when partitions were assigned."""
        before, now = await self.topic_id(), await self._ask_topic_id()
        if before != now:
            raise LogGap(f"{self.topic} was made again while it was read ({before}, now {now})")

    def start_at(self, partition: int, offset: int) -> None:
        self._consumer.seek(self._tp(partition), offset)
        self._consumer.resume(self._tp(partition))

    async def fetch(self, partition: int) -> Sequence[Record]:
        tp = self._tp(partition)
        try:
            found = await self._consumer.getmany(
                tp, timeout_ms=_FETCH_MS, max_records=self._batch_events
            )
        except OffsetOutOfRangeError as error:
            raise LogGap(
                f"{self.topic} does not reach the next offset of partition {partition} "
                f"({error.args}): records are gone; restore the log or the database"
            ) from error
        except NoOffsetForPartitionError:
            return ()  # aiokafka looked for a committed offset before our seek; the seek stands
        except KafkaError as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error
        records: Sequence[Record] = found.get(tp, ())
        return records

    async def still_ours(self, partition: int, offset: int) -> bool:
        return await self.note({partition: offset})

    async def note(self, offsets: dict[int, int]) -> bool:
        """Commit offsets to the group, for lag displays; False when the group refuses us."""
        try:
            async with asyncio.timeout(NOTE_SECONDS):  # aiokafka itself would try for ever
                await self._consumer.commit({self._tp(p): at for p, at in offsets.items()})
        except (KafkaError, IllegalStateError, TimeoutError, AssertionError) as error:
            # aiokafka asserts that some broker is there; see group_offsets.py
            log.info("offsets not noted", reason=f"{type(error).__name__}: {error}")
            return False
        return True

    async def ends(self, partitions: Sequence[int]) -> dict[int, int]:
        """Where partitions end, asked past the consumer, which may be what hangs. BrokerAway."""
        return await asyncio.to_thread(end_offsets, self._brokers, self.topic, partitions)

    async def positions(self, partitions: Sequence[int]) -> dict[int, int]:
        """How far the consumer is, as far as it says; past what it never shows, too."""
        found: dict[int, int] = {}
        for each in partitions:
            try:
                async with asyncio.timeout(_POSITION_SECONDS):
                    found[each] = await self._consumer.position(self._tp(each))
            except (KafkaError, IllegalStateError, TimeoutError):
                continue  # it is not ours any more, or not sought to yet
        return found

    async def _ask_topic_id(self) -> str:
        return await topic_id(self._brokers, self.topic)

    def _tp(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)
