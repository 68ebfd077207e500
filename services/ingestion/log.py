"""Appending to the log and to the dead letters: acknowledged by all, once, in order.

One idempotent producer for all callers. When it fails it is thrown away: after a lost batch its
sequence numbers no longer fit, and a new one knows nothing of that; so is one that nobody answers.
A caller who runs out of time throws nothing away, for the others' sake. What was in hand may still
arrive; the caller sends it again, and the fold recognises the double.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from crosstie.door.entries import Entry
from crosstie.runtime.away import reached
from crosstie.runtime.kafka import producer_options
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from crosstie.topics import Topics

log = logger("ingestion")
DEADLINE_SECONDS = 10.0
_SECONDS_PER_ENTRY = 1 / 1000  # on top: a slow machine with 20,000 entries is not a broker away
_SILENT_SECONDS = 8.0  # nothing acknowledged for so long: the producer may be what hangs
_CHUNK = 200  # entries between two turns of everyone else
LEAVING_SECONDS = 2.5


class Log:
    """Appends entries to topics. Raises BrokerAway; then none, some or all of them may stand there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._heard = 0.0  # when an entry was last acknowledged, in monotonic seconds
        self._starting = asyncio.Lock()
        self._leaving: set[asyncio.Task[bool]] = set()

    async def append(self, topic: str, entries: Iterable[Entry], count: int) -> None:
        """Append up to `count` `entries`, in order per key, until every replica in sync has them."""
        with reached():
            async with asyncio.timeout(DEADLINE_SECONDS + count * _SECONDS_PER_ENTRY):
                producer = await self._started()
                await self._appended(producer, topic, entries)

    async def reach(self, topics: Topics) -> None:
        """Raises BrokerAway until the broker answers and has the topics that are written."""
        with reached():
            async with asyncio.timeout(DEADLINE_SECONDS):
                producer = await self._started()
                for topic in (topics.events, topics.dlq):
                    await producer.partitions_for(topic.name)

    async def stop(self) -> None:
        """Let go of the broker."""
        if self._producer is not None:
            self._leave(self._producer)
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=LEAVING_SECONDS)

    async def _appended(self, producer: Any, topic: str, entries: Iterable[Entry]) -> None:
        sent: list[asyncio.Future[Any]] = []
        begun = time.monotonic()
        try:
            for n, each in enumerate(entries):
                headers = list(each.headers)
                sent.append(await producer.send(topic, each.value, each.key, headers=headers))
                if n % _CHUNK == 0:
                    sent[-1].add_done_callback(self._told)
                    await asyncio.sleep(0)
            await _acknowledged(sent)
        except BaseException as error:
            silent = time.monotonic() - max(begun, self._heard) > _SILENT_SECONDS
            if silent or isinstance(error, KafkaError):
                self._leave(producer)
            for future in sent:
                future.add_done_callback(_seen)
            raise

    def _told(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled() and future.exception() is None:
            self._heard = time.monotonic()

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**producer_options(self._settings))
                try:
                    await producer.start()
                except BaseException:
                    self._stop(producer)
                    raise
                self._producer = producer
            return self._producer

    def _leave(self, producer: Any) -> None:
        if self._producer is producer:
            self._producer = None
            self._stop(producer)

    def _stop(self, producer: Any) -> None:
        """Behind one's back: stopping waits for what is in flight."""
        task = asyncio.create_task(stop(producer))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


async def _acknowledged(sent: Iterable[asyncio.Future[Any]]) -> None:
    """All of them, or the first error; unlike `gather` it cancels none when it is cancelled."""
    futures = set(sent)
    if futures:
        done, _ = await asyncio.wait(futures, return_when=asyncio.FIRST_EXCEPTION)
        for each in done:
            each.result()


def _seen(future: asyncio.Future[Any]) -> None:
    """Its error was reported with the first one."""
    if not future.cancelled():
        future.exception()
