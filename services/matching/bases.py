"""Which base rounds use, and when a new one is fitted.

A full round begins with the newest base there is; rounds in between keep to it, so that what a
member is suggested does not depend on the minute a fit ended. After each full round the next base
is fitted, in a process of its own. The very first is fitted at once, of rules and words; it may have
seen few people, so whenever the network has doubled the next is fitted, and put in place, early.
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import msgspec

from crosstie.matching import base as learning
from crosstie.network.view import Network
from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger, said
from crosstie.settings import Settings
from services.matching import figures
from services.matching.apart import Task, fitted_apart
from services.matching.decide import Fitted, Rules, read_back, simple
from services.matching.lessons import Lessons
from services.matching.offloop import off_loop
from services.matching.standing import Standing
from services.matching.store import Head, Named, Store

log = logger("matching.bases")

_REST = 10  # times what a fit took, before the next: at most a tenth of a processor
_RETRY_SECONDS = 300.0
_GROWN = 2  # times as many people: a base knows too little of them
_GROWTH_SECONDS = 30.0  # between looks at how many there are


class Bases:
    """The base in place, and the one that waits for the next full round."""

    def __init__(
        self, settings: Settings, store: Store, standing: Standing, rules: Rules, running: Running
    ) -> None:
        self._delay_seconds = settings.base_delay_seconds
        self._store = store
        self._standing = standing
        self._rules = rules
        self._running = running
        self._lessons = Lessons(store)
        self._due = asyncio.Event()
        self._since = Head(0, 0, "", 0)  # the round that the next fit is of
        self.used: Fitted | None = None
        self._fresh: Fitted | None = None
        self._members = 0  # when the last one was fitted, or this leader began
        self._members_used = 0  # when the one in place was

    @property
    def outgrown(self) -> bool:
        """The base that waits knows so many more people that the next round had better be full."""
        if self.used is None or self._fresh is None:
            return False
        return self._members >= _GROWN * max(self._members_used, 1)

    def forget(self) -> None:
        """Another led meanwhile."""
        self.used = self._fresh = None

    async def for_round(self, network: Network, at: int, *, full: bool) -> Fitted:
        """The base that a round uses; it is kept before use."""
        if self.used is None:
            self.used = await self._newest() or await self._first(network, at)
            self._members_used = len(network.members)
        if full and self._fresh is not None:
            self.used, self._fresh = self._fresh, None
            self._members_used = self._members
        return self.used

    def after_full_round(self, head: Head) -> None:
        """The next base is due."""
        self._since = head
        self._due.set()

    async def keep_fitting(self) -> None:
        """Fit whenever it is due, until cancelled. Whatever goes wrong with it, rounds go on."""
        while True:
            await self._until_due()
            await asyncio.sleep(self._delay_seconds)
            self._due.clear()
            begun = time.monotonic()
            try:
                await self._fit(self._since)
            except Exception as error:  # noqa: BLE001  of anything: the base in place is good
                figures.BASES.labels("failed").inc()
                log.error("no new base", reason=said(error))
                self._due.set()
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                await asyncio.sleep(_REST * (time.monotonic() - begun))

    async def _until_due(self) -> None:
        """After a full round, or once the network has grown."""
        while not self._due.is_set():
            self._members = self._members or self._standing.members
            if self.used is not None and self._standing.members >= _GROWN * max(self._members, 1):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GROWTH_SECONDS):
                    await self._due.wait()

    async def _fit(self, since: Head) -> None:
        begun, before = time.monotonic(), self.used
        lessons = await retrying(lambda: self._lessons.upto(since.n, since.at), self._running)
        network = (await self._standing.now()).network
        self._members = len(network.members)
        material = await off_loop(lambda: learning.material(network, lessons))
        gathered = time.monotonic()
        place = None if before is None else before.named.body
        body = await fitted_apart(Task(material, self._rules.named.body, since.at, place))
        found = await off_loop(lambda: read_back(body))
        news = before is None or found.named.digest != before.named.digest
        if news:
            await self._kept(found.named)
            self._fresh = found
        figures.BASES.labels("new" if news else "as before").inc()
        log.info(
            "base fitted",
            new=news,
            digest=found.named.digest,
            lessons=len(lessons),
            gather_ms=figures.ms(gathered - begun),
            fit_ms=figures.ms(time.monotonic() - gathered),
        )

    async def _newest(self) -> Fitted | None:
        body = await retrying(self._store.newest_base, self._running, "read the base")
        if body is None:
            return None
        try:
            return await off_loop(lambda: read_back(body))
        except msgspec.DecodeError as error:
            log.warning("the newest base is of another version", reason=str(error))
            return None

    async def _first(self, network: Network, at: int) -> Fitted:
        base = await off_loop(lambda: simple(network, self._rules, at))
        await self._kept(base.named)
        return base

    async def _kept(self, base: Named) -> None:
        await retrying(lambda: self._store.keep_base(base), self._running, "keep a base")
