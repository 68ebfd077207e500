"""One partition, from taking it over until it is released: fold, commit, publish, in order.

Knows no Kafka and no PostgreSQL: what it relies on stands in `ports`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from crosstie.errors import BrokerAway, Fenced, LogGap, Rejected, Transient, Unpublishable
from crosstie.runtime.telemetry import logger
from services.profile import batch, figures
from services.profile.batch import Outcome, Record
from services.profile.ports import Hold, Image, Log, Outlet, Store

log = logger("profile")
T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 2.0
REFUSED_SECONDS = 15.0  # then what was too large is tried again: its limit may be raised


class Released(Exception):
    """The partition is asked back: stop where no batch is half done."""


class Partition:
    """Runs until `release`; what another owner does meanwhile can only fence it."""

    def __init__(
        self, number: int, log_: Log, store: Store, outlet: Outlet, unready: dict[str, str]
    ) -> None:
        self.number = number
        self.next_offset = 0
        self.reading = False  # it waits for the log, and for nothing else
        self._log = log_
        self._store = store
        self._outlet = outlet
        self._unready = unready
        self._reason = f"partition {number}"
        self._unpublished = f"{self._reason}, publishing"  # it goes on beside the reading
        self._released = asyncio.Event()
        self._publishing: asyncio.Task[None] | None = None
        self._taken = False
        unready[self._reason] = "not taken yet"

    def release(self) -> None:
        """Finish the batch in hand, publish it, and return."""
        self._released.set()

    async def run(self) -> None:
        """Own the partition as often as it takes; at a log that lacks records, only wait."""
        try:
            while True:
                try:
                    await self._own()
                except Fenced as error:
                    log.warning("fenced", partition=self.number, reason=str(error))
                    await self._wait_to_own_again()
                except Unpublishable as error:
                    log.error("unpublishable", partition=self.number, reason=str(error))
                    self._unready[self._reason] = str(error)
                    await self._pause(REFUSED_SECONDS)
        except Released:
            pass
        except LogGap as error:
            log.error("log gap", partition=self.number, reason=str(error))
            self._unready[self._reason] = str(error)
            await self._released.wait()
        finally:
            await self._drop_publishing()
            await self._outlet.close()
            self._unready.pop(self._reason, None)
            log.info("released", partition=self.number, next_offset=self.next_offset)

    async def _own(self) -> None:
        self._taken = False
        await self._drop_publishing()
        hold = await self._retried(self._take)
        await self._retried(lambda: self._open(hold))
        image = await self._retried(lambda: self._store.unpublished(hold))
        if image is not None:
            await self._publish(hold, image)
        if self._released.is_set():
            raise Released  # before the log is touched: the partition may be another's by now
        self.next_offset = hold.next_offset
        self._taken = True
        self._unready.pop(self._reason, None)
        log.info("taken", partition=self.number, epoch=hold.epoch, next_offset=hold.next_offset)
        self._log.start_at(self.number, hold.next_offset)
        await self._follow(hold)

    async def _follow(self, hold: Hold) -> None:
        latest, again = hold.latest, 0
        while True:
            records = await self._retried(self._next)
            if not records:
                continue
            if records[0].offset != self.next_offset:
                again += 1
                self._seek_again(records[0].offset, again)
                continue
            again = 0
            batch.assert_no_hole(self.number, records)
            latest = await self._apply(hold, records, latest, {})

    async def _apply(
        self, hold: Hold, records: Sequence[Record], latest: int, condemned: dict[int, str]
    ) -> int:
        """Fold, commit and hand on for publishing; the greatest event time afterwards.

        What the database refuses is halved until the bad record stands alone.
        """
        try:
            outcome, image = await self._retried(
                lambda: self._committed(hold, records, latest, condemned)
            )
        except Rejected as error:
            if len(records) == 1 and condemned:
                raise
            if len(records) == 1:
                return await self._apply(hold, records, latest, {records[0].offset: str(error)})
            half = len(records) // 2
            latest = await self._apply(hold, records[:half], latest, condemned)
            return await self._apply(hold, records[half:], latest, condemned)
        self.next_offset = outcome.end
        await self._published_before()
        self._publishing = asyncio.create_task(self._publish(hold, image))
        return outcome.latest

    async def _committed(
        self, hold: Hold, records: Sequence[Record], latest: int, condemned: dict[int, str]
    ) -> tuple[Outcome, Image]:
        begun = time.monotonic()
        reading = batch.read(self.number, records, condemned)
        outcome = batch.fold(reading, await self._store.known(reading, latest))
        image = await self._store.commit(hold, outcome)
        figures.folded(self.number, outcome, time.monotonic() - begun)
        return outcome, image

    async def _publish(self, hold: Hold, image: Image) -> None:
        """Publish until it is out; whoever lost the epoch is told by Fenced."""
        begun = time.monotonic()

        async def attempt() -> None:
            try:
                await self._outlet.publish(image)
            except (Fenced, Transient) as error:
                # an older owner may have opened by mistake: the epoch says who is right
                await self._open(hold)
                raise BrokerAway(f"opened again after: {error}") from error

        await self._retried(attempt, self._unpublished)
        await self._retried(lambda: self._store.published(image, hold), self._unpublished)
        figures.PUBLISH_SECONDS.observe(time.monotonic() - begun)

    async def _take(self) -> Hold:
        hold = await self._store.take(self.number, await self._log.topic_id())
        await self._store.aim(hold, await self._outlet.topic_id())
        return hold

    async def _open(self, hold: Hold) -> None:
        """Fence whoever published before. Confirmed afterwards: a later owner's opening fences this one."""
        await self._store.confirm(hold)
        await self._outlet.open()
        await self._store.confirm(hold)

    async def _next(self) -> Sequence[Record]:
        """The next records. Raises Released, and what befell the publishing of earlier ones."""
        if self._released.is_set():
            await self._published_before()
            raise Released
        fetching = asyncio.ensure_future(self._log.fetch(self.number))
        released = asyncio.ensure_future(self._released.wait())
        self.reading = True
        try:
            while not (fetching.done() or released.done()):
                waits = {fetching, released} | ({self._publishing} if self._publishing else set())
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                if self._publishing is not None and self._publishing.done():
                    await self._published_before()
            return await fetching if fetching.done() else ()
        finally:
            self.reading = False
            for each in (fetching, released):
                each.cancel()

    async def _published_before(self) -> None:
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            await publishing

    async def _drop_publishing(self) -> None:
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)
        self._unready.pop(self._unpublished, None)

    async def _wait_to_own_again(self) -> None:
        """A while, then only if the group still counts us as the owner."""
        while True:
            await self._pause(LONGEST_WAIT_SECONDS * random.uniform(0.5, 1.0))
            if await self._log.still_ours(self.number, self.next_offset):
                return

    def _seek_again(self, found: int, times: int) -> None:
        if times > 1 and found > self.next_offset:
            raise LogGap(
                f"partition {self.number} goes on at {found}, but {self.next_offset} is next: "
                "records are missing; restore the log, or make a new generation of it"
            )
        log.warning("seeking", partition=self.number, found=found, next_offset=self.next_offset)
        self._log.start_at(self.number, self.next_offset)

    async def _retried(self, attempt: Callable[[], Awaitable[T]], reason: str = "") -> T:
        """Try until it works, jittered, capped at 2 s, unready meanwhile; Released when asked back."""
        wait, under = FIRST_WAIT_SECONDS, reason or self._reason
        while True:
            try:
                done = await attempt()
            except Transient as error:
                log.warning("retrying", partition=self.number, reason=str(error))
                figures.RETRIES.inc()
                self._unready[under] = str(error)
                await self._pause(wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            else:
                if wait > FIRST_WAIT_SECONDS and (reason or self._taken):
                    self._unready.pop(under, None)
                return done

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._released.wait()
        except TimeoutError:
            return
        raise Released
