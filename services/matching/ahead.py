"""Notices progress marks of `network.v1` beyond the end of the log, on which no round may open.

Profile writes none: somebody else did, or the log was made again under its name. A broker that has
just taken a partition over may know less of its end for a moment; so only what lasts is told.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence

from crosstie.errors import Transient
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.topics import Topics
from services.matching.reader import Reader

log = logger("matching")

LOOK_SECONDS = 5.0
DOUBT_SECONDS = 15.0  # then it is not ready
_REASON = "network"


class Doubt:
    """Sees marks and ends every few seconds; `unready` is told, and told otherwise once it is over."""

    def __init__(
        self,
        topics: Topics,
        unready: MutableMapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._network, self._log = topics.network.name, topics.events.name
        self._unready = unready
        self._clock = clock
        self._since: dict[int, float] = {}  # by partition whose mark is ahead

    async def look(
        self, marks: Callable[[], Sequence[int]], ends: Callable[[], Awaitable[Sequence[int]]]
    ) -> None:
        """Look once. Raises BrokerAway where nobody can say where the log ends."""
        told = marks()  # before the ends: the log only grows
        before, self._since = self._since, {}  # what was seen before a broker was away did not last
        found = await ends()
        self._since = before
        self.observe(told, found)

    def observe(self, marks: Sequence[int], ends: Sequence[int]) -> None:
        """Marks by partition, and where the log ended later."""
        now = self._clock()
        pairs = enumerate(zip(marks, ends, strict=True))
        ahead = [each for each, (mark, end) in pairs if mark > end]
        self._since = {each: self._since.get(each, now) for each in ahead}
        lasting = [each for each in ahead if now - self._since[each] >= DOUBT_SECONDS]
        if not lasting:
            self._unready.pop(_REASON, None)
            return
        said = ", ".join(
            f"the mark of {self._network}/{each} is at {marks[each]} and {self._log}/{each} ends at "
            f"{ends[each]}, for {now - self._since[each]:.0f} s"
            for each in lasting
        )
        self._unready[_REASON] = (
            f"{said}: rounds are held. Where {self._log} was made again, restore it; else profile did "
            f"not write that mark: let nobody but profile write to {self._network}, and the next "
            "event that profile folds in that partition makes it right; see docs/operators.md#rounds"
        )


async def keep_looking(reader: Reader, topics: Topics, running: Running) -> None:
    """Until it is time to stop; leader and followers alike, for each reads the marks itself."""
    doubt = Doubt(topics, running.unready)
    while not await running.pause(LOOK_SECONDS):
        try:
            await doubt.look(lambda: reader.network.offsets, reader.log_ends)
        except Transient as reason:
            log.info("not compared with the log", reason=str(reason))
