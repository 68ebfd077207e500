"""Notices progress marks of `network.v1` beyond the end of the log, on which no round may open.

Profile writes none: somebody else did, or the log was made again under its name. A broker that has
just taken a partition over may know less of its end for a moment; so only what lasts is told, to the
log and by a gauge. It is no reason to be unready: reads go on, and it may last for days.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from crosstie.errors import Transient
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.topics import Topics
from services.matching import figures
from services.matching.reader import Reader

log = logger("matching")

LOOK_SECONDS = 5.0
DOUBT_SECONDS = 15.0  # then it is told


def beyond(marks: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The partitions whose mark is beyond the log's end, which was asked for later."""
    return [n for n, (mark, end) in enumerate(zip(marks, ends, strict=True)) if mark > end]


class Doubt:
    """Compares marks with ends; tells once of each partition what lasts, and once that it is over."""

    def __init__(self, topics: Topics, clock: Callable[[], float] = time.monotonic) -> None:
        self._network, self._log = topics.network.name, topics.events.name
        self._clock = clock
        self._compared = clock()  # when it was done last
        self._since: dict[int, float] = {}  # by partition whose mark is ahead
        self._told: frozenset[int] = frozenset()

    async def look(self, reader: Reader) -> None:
        """Look once. Raises BrokerAway where nobody can say; what was told stands then."""
        try:
            await reader.up_to_end()  # a reader that starts over knows of no mark at first
            marks = reader.network.offsets  # before the ends: the log only grows
            ends = await reader.log_ends()
        except Transient:
            self._doubt_anew()
            raise
        self.observe(marks, ends)

    def observe(self, marks: Sequence[int], ends: Sequence[int]) -> None:
        """Marks by partition, and where the log ended later."""
        now = self._clock()
        if now - self._compared > DOUBT_SECONDS:
            self._doubt_anew()  # whoever reads waits in silence for a broker that is away
        self._compared = now
        ahead = beyond(marks, ends)
        self._since = {each: self._since.get(each, now) for each in ahead}
        lasting = frozenset(each for each in ahead if now - self._since[each] >= DOUBT_SECONDS)
        for each in sorted(lasting - self._told):
            log.error(
                "mark beyond the log",
                **self._where(each, marks, ends),
                seconds=round(now - self._since[each]),
                remedy=f"rounds are held. Where {self._log} was made again, restore it; else profile "
                f"did not write that mark: let nobody but profile write to {self._network}, and the "
                "next event that profile folds in that partition makes it right; see "
                "docs/operators.md#rounds",
            )
        for each in sorted(self._told - lasting):
            log.info("mark no longer beyond the log", **self._where(each, marks, ends))
        self._told = lasting
        figures.AHEAD.set(len(lasting))

    def _doubt_anew(self) -> None:
        """Nobody saw whether it lasted while a broker was away; what was told is beyond doubt."""
        self._since = {each: at for each, at in self._since.items() if each in self._told}

    def _where(
        self, partition: int, marks: Sequence[int], ends: Sequence[int]
    ) -> dict[str, str | int]:
        return {
            "topic": self._network,
            "partition": partition,
            "mark": marks[partition],
            "log": self._log,
            "end": ends[partition],
        }


async def keep_looking(reader: Reader, topics: Topics, running: Running) -> None:
    """Until it is time to stop; leader and followers alike, for each reads the marks itself."""
    doubt = Doubt(topics)
    while not await running.pause(LOOK_SECONDS):
        try:
            await doubt.look(reader)
        except Transient as reason:
            log.info("not compared with the log", reason=str(reason))
