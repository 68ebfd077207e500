"""Appending to the log and to the dead letters: acknowledged by all, once, in order.

One idempotent producer. Whatever it fails at, it is thrown away: after a lost batch its sequence
numbers no longer fit, and a new one knows nothing of that. What it had in hand may still arrive;
the caller sends it again, and the fold recognises the double.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from crosstie.door.entries import Entry
from crosstie.errors import BrokerAway
from crosstie.runtime.kafka import producer_options
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from crosstie.topics import Topics

log = logger("ingestion")
DEADLINE_SECONDS = 10.0
_SECONDS_PER_ENTRY = 1 / 1000  # on top: a slow machine with 20,000 entries is not a broker away
_LEAVING_SECONDS = 3.0


class Log:
    """Appends entries to topics. Raises BrokerAway; then none, some or all of them may stand there."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: Any = None
        self._starting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def append(self, topic: str, entries: Sequence[Entry]) -> None:
        """Append `entries`, in order per key; returns once every replica in sync has them."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS + len(entries) * _SECONDS_PER_ENTRY):
                producer = await self._started()
                await self._appended(producer, topic, entries)
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            raise BrokerAway(f"{type(error).__name__}: {error}") from error

    async def reach(self, topics: Topics) -> None:
        """Raises BrokerAway until the broker answers and has the topics that are written."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                producer = await self._started()
                for topic in (topics.events, topics.dlq):
                    await producer.partitions_for(topic.name)
        except (KafkaError, OSError) as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error

    async def stop(self) -> None:
        """Let go of the broker."""
        if self._producer is not None:
            self._leave(self._producer)
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LEAVING_SECONDS)

    async def _appended(self, producer: Any, topic: str, entries: Sequence[Entry]) -> None:
        sent: list[asyncio.Future[Any]] = []
        try:
            for each in entries:
                headers = list(each.headers)
                sent.append(await producer.send(topic, each.value, each.key, headers=headers))
            await asyncio.gather(*sent)
        except BaseException:
            self._leave(producer)
            for future in sent:
                future.add_done_callback(_seen)
            raise

    async def _started(self) -> Any:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(**producer_options(self._settings))
                try:
                    await producer.start()
                except BaseException:
                    await stop(producer)
                    raise
                self._producer = producer
            return self._producer

    def _leave(self, producer: Any) -> None:
        """Stop it behind one's back: stopping waits for what is in flight."""
        if self._producer is producer:
            self._producer = None
            task = asyncio.create_task(stop(producer))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)


def _seen(future: asyncio.Future[Any]) -> None:
    """Its error was reported with the first one."""
    if not future.cancelled():
        future.exception()
