"""The bus door: every platform's inbox, in batches, through FastStream.

A batch is committed once all of it is acknowledged, in the log or among the dead letters, and never
before; what fails for a time is tried again in place. FastStream shrugs at a handler that raises
and goes on to the next batch, so the handler never does: see `_once`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from crosstie.errors import BrokerAway
from crosstie.runtime.away import reached
from crosstie.runtime.plain_offsets import ask_plainly
from crosstie.runtime.service import Running
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.runtime.tolerant import tolerate
from crosstie.settings import Settings
from services.ingestion.commits import Commits
from services.ingestion.letters import Letters
from services.ingestion.subscription import broker, subscriber

Places = dict[TopicPartition, tuple[int, int]]
log = logger("ingestion")
_QUIET_SECONDS = 5.0
_STALLED_SECONDS = 30.0
_DOUBT_SECONDS = 15.0  # then it is not ready
_REASON = "consumer"
_KAFKA = "kafka"  # why it is not ready where no broker answers
LEAVING_SECONDS = 10.0  # with all that follows, within the 17 s of a service's work


class Inbox:
    """Reads all inboxes from `start` to `stop`; `failed` ends when going on would lose records."""

    def __init__(self, settings: Settings, letters: Letters, running: Running) -> None:
        tolerate()
        ask_plainly()
        self._letters = letters
        self._busy = False
        self._running = running
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._broker = broker(settings)
        self._subscriber: Any = subscriber(self._broker, settings)
        self._subscriber(self._once)
        self._read = self._subscriber.get_msg
        self._subscriber.get_msg = self._next
        self._commits = Commits()

    async def start(self) -> None:
        """Join the group. Raises BrokerAway."""
        try:
            with reached():
                await self._broker.start()
        except BrokerAway:
            await self.stop()
            raise

    async def stop(self) -> bool:
        """Leave the group, once the batch in hand is done; False when part of it may live on."""
        stopped = await stop(self._broker, LEAVING_SECONDS)
        if not stopped:
            log.warning("consumer left behind", seconds=LEAVING_SECONDS)
        return stopped

    async def watched(self) -> None:
        """Returns when it is time to stop, or to replace a consumer that stands still.

        After a broker's restart aiokafka may hang without an error: there is something to read and
        nothing moves. Raises what `_once` could not get over.
        """
        stopping = asyncio.ensure_future(self._running.stop.wait())
        standing = asyncio.ensure_future(self._stands_still())
        tasks = (stopping, standing)
        try:
            await asyncio.wait((*tasks, self.failed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self.failed.done():
            self.failed.result()

    async def _stands_still(self) -> None:
        """Returns once nothing moved for 30 s though brokers answer and there may be more to read."""
        moved = time.monotonic()
        before: Places = {}
        while time.monotonic() - moved < _STALLED_SECONDS:
            await asyncio.sleep(_QUIET_SECONDS)
            places = await self._places()
            if self._busy or self._moves(before, places):
                moved = time.monotonic()
                self._running.unready.pop(_REASON, None)
            elif (still := time.monotonic() - moved) >= _DOUBT_SECONDS:
                self._running.unready[_REASON] = f"stands still for {still:.0f} s"
            before = before if places is None else places
        log.error("consumer stands still", seconds=round(time.monotonic() - moved))

    def _moves(self, before: Places, now: Places | None) -> bool:
        """Whether nothing is wrong with the consumer: a broker that is away is no consumer that hangs.

        The broker is asked past the consumer (see reach.py), and says nothing of it when it answers.
        """
        if now is None:
            return _KAFKA in self._running.unready
        return now != before or not _behind(now)

    async def _places(self) -> Places | None:
        """Of each partition that is ours, where we are and where it ends; None when nobody says."""
        consumer = self._subscriber.consumer
        if _left_alone(consumer):
            return None
        try:
            async with asyncio.timeout(_QUIET_SECONDS):
                mine = consumer.assignment()
                ends = await consumer.end_offsets(mine) if mine else {}
                return {each: (await consumer.position(each), end) for each, end in ends.items()}
        except (KafkaError, OSError):
            return None

    async def _once(self, records: Sequence[Any]) -> None:
        """One batch, in the log or among the dead letters, then committed; never raises."""
        if self._ends():
            return
        self._busy = True
        try:
            await self._letters.take(records)
            await self._commits.batch(self._subscriber.consumer, records)
        except Exception as error:  # noqa: BLE001  FastStream would go on to the next batch
            if not self.failed.done():
                self.failed.set_exception(error)
        finally:
            self._busy = False

    def _ends(self) -> bool:
        """Whether a batch was left behind, or may have been: to commit a later one would lose it."""
        return self.failed.done() or self._running.stop.is_set()

    async def _next(self, consumer: Any) -> Any:
        """The next batch; FastStream asks for one only when the one before is done."""
        records = await self._read(consumer)
        if not records and not self._ends():
            await self._commits.idle(consumer)
        return records


def _left_alone(consumer: Any) -> bool:
    """Whether aiokafka gave the group up: it then owns nothing for ever, and says so to nobody.

    It does when Kafka stands still for longer than a session lasts, and comes back in mid-join.
    """
    task = getattr(getattr(consumer, "_coordinator", None), "_coordination_task", None)
    return task is not None and task.done()


def _behind(places: Mapping[TopicPartition, tuple[int, int]]) -> bool:
    return any(position < end for position, end in places.values())
