"""Notices a consumer that hangs without an error, as aiokafka's may after a broker's restart.

A partition stands still when it waits for the log, the log is ahead, and the consumer does not
move: for half a minute that never happens to one that works. Half of that time makes it unready.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping

from crosstie.errors import CrosstieError
from services.profile.assignment import Assignment
from services.profile.log import KafkaLog

STILL_SECONDS = 30.0
DOUBT_SECONDS = 15.0
_REASON = "consumer"


class Hangs(CrosstieError):
    """Only a new process helps: whoever supervises starts one."""


class Watchdog:
    """Sees `observe` every few seconds; raises Hangs once a partition stood still for too long.

    `unready` is told before, and told otherwise where it moves again.
    """

    def __init__(
        self, unready: MutableMapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._unready = unready
        self._clock = clock
        self._still: dict[int, tuple[int, float]] = {}  # by partition: where, and since when

    async def watch(self, assignment: Assignment, log: KafkaLog) -> None:
        """Look once. Raises Hangs; BrokerAway where nobody can say how far the log is."""
        partitions = assignment.reading
        before, self._still = self._still, {}  # a broker that is away is no consumer that hangs
        ends = await log.ends(partitions)
        positions = await log.positions(assignment.reading)
        self._still = before
        self.observe(positions, ends)

    def observe(self, positions: Mapping[int, int], ends: Mapping[int, int]) -> None:
        """Where the partitions that only read are, and where they end. Raises Hangs."""
        now, before = self._clock(), self._still
        self._still = {
            each: before[each] if before.get(each, (-1,))[0] == at else (at, now)
            for each, at in positions.items()
            if at < ends.get(each, 0)
        }
        longest = min(self._still, key=lambda each: self._still[each][1], default=None)
        if longest is None or now - self._still[longest][1] < DOUBT_SECONDS:
            self._unready.pop(_REASON, None)
            return
        at, since = self._still[longest]
        reason = f"partition {longest} stands at {at} of {ends[longest]} for {now - since:.0f} s"
        self._unready[_REASON] = reason
        if now - since >= STILL_SECONDS:
            raise Hangs(f"{reason} and says nothing: the consumer hangs, a new process is needed")
