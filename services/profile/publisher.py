"""Rows of one partition into `network.v1`: one Kafka transaction per image, under one id.

PostgreSQL cannot fence Kafka; the transactional id can: opening it shuts out whoever had it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from itertools import pairwise

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from crosstie.errors import BrokerAway, Unpublishable
from crosstie.network.wire import MARK_KEY, Mark, encode
from crosstie.runtime.away import in_transaction
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from services.profile.namesake import Namesake, made_again
from services.profile.ports import Image, Rows

log = logger("profile")

_CLOSE_SECONDS = 5
PAGE_SECONDS = 30.0  # other partitions wait for their turn meanwhile
_TAKEN = "a later producer has the transactional id"
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)

MakeProducer = Callable[[str], AIOKafkaProducer]  # given the transactional id


class KafkaOutlet:
    """See ports.Outlet."""

    def __init__(self, make: MakeProducer, transactional_id: str, network: Namesake) -> None:
        self._make = make
        self._id = transactional_id
        self._network = network
        self._topic = network.topic
        self._producer: AIOKafkaProducer | None = None
        self._last: int | None = None  # offset of the last batch that was published

    async def topic_id(self) -> str:
        return await self._network.id()

    async def open(self) -> None:
        await self.close()
        self._producer = self._make(self._id)
        try:
            with in_transaction(_TAKEN):
                await self._producer.start()
        except BaseException:
            await self.close()  # one that never started would be waited for without end
            raise

    async def publish(self, image: Image) -> None:
        if self._producer is None:
            raise BrokerAway("no producer is open")
        if self._last is None:
            await self._network.id()  # from then on offsets tell
        mark = encode(Mark(image.end, image.latest))
        with in_transaction(_TAKEN):
            await self._producer.begin_transaction()
            offsets = await self._put(self._producer, image, mark)
            written = [] if self._last is None else [self._last]
            if any(later <= earlier for earlier, later in pairwise([*written, *offsets])):
                raise made_again(self._topic)  # it is younger than what we wrote to it
            await self._producer.commit_transaction()
        self._last = max(offsets, default=self._last)

    async def close(self) -> None:
        """Throw the producer away, open transaction and all: the next one to open aborts it."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        # a fenced producer's own clean-up fails or waits for what will not come
        await stop(producer, _CLOSE_SECONDS)

    async def _put(self, producer: AIOKafkaProducer, image: Image, mark: bytes) -> list[int]:
        """The offsets at which its batches begin; no page is asked for before the last one is out."""
        offsets: list[int] = []
        if image.beyond is not None:
            log.info("all rows go out anew", partition=image.partition, end=image.end)
            async with contextlib.aclosing(image.beyond()) as pages:
                async for page in pages:
                    async with asyncio.timeout(PAGE_SECONDS):
                        offsets += await self._sent(producer, image.partition, page)
        last = (*image.rows, (MARK_KEY.encode(), mark))
        return offsets + await self._sent(producer, image.partition, last)

    async def _sent(self, producer: AIOKafkaProducer, partition: int, rows: Rows) -> list[int]:
        """Of `rows`, at least one: aiokafka answers nothing to a batch that is empty."""
        sent = []
        batch = producer.create_batch()
        try:
            for key, value in rows:
                if batch.append(key=key, value=value, timestamp=None) is None:
                    sent.append(await producer.send_batch(batch, self._topic, partition=partition))
                    batch = producer.create_batch()
                    batch.append(key=key, value=value, timestamp=None)
            sent.append(await producer.send_batch(batch, self._topic, partition=partition))
            done = await asyncio.gather(*sent)
        except _TOO_LARGE as error:
            raise self._refused(partition, rows) from error
        # -1: a broker that has the batch already, and does not know any more where
        return [each.offset for each in done if each.offset >= 0]

    def _refused(self, partition: int, rows: Rows) -> Unpublishable:
        key, value = max(rows, key=lambda row: len(row[1] or b""))
        return Unpublishable(
            f"{self._topic} refuses a row of partition {partition}, the largest has "
            f"{len(value or b'')} bytes ({key.decode()}): raise the topic's max.message.bytes"
        )
