"""When a round opens, and upon what: something changed, time passed, or an operator asks.

While rounds are held (paused, profile far behind, or the last full round found no assignment), they
settle what happened, so that blocks, pauses and answers take effect; nobody is suggested to anybody.
"""

from __future__ import annotations

import time
from math import inf

from crosstie.runtime.database import retrying
from crosstie.runtime.service import Running
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching import figures
from services.matching.ahead import beyond
from services.matching.decide import Opening, now
from services.matching.figures import Turn
from services.matching.leadership import Leadership
from services.matching.reader import Reader
from services.matching.standing import Standing
from services.matching.store import Control, Store

log = logger("matching.rounds")

_MOST_WAITING = 2_000  # changed rows that rounds without a decision look at again and again
_PAUSED = "paused"
_BEHIND = "profile is far behind the log"
_AHEAD = "network.v1 is ahead of the log: a mark that profile did not write, until its next one"
_UNSOLVED = "the last such round found no assignment; the error logged then says why"


class Turns:
    """Looks for the next round."""

    def __init__(
        self, settings: Settings, store: Store, reader: Reader, standing: Standing, running: Running
    ) -> None:
        self._settings = settings
        self._store = store
        self._reader = reader
        self._standing = standing
        self._running = running
        self._held = ""

    async def next(self, mine: Leadership) -> Turn | None:
        """The next round, when something is to be decided and nothing stands against it."""
        control = await retrying(self._store.control, self._running, "ask for orders")
        if not self._due(mine, control):
            if control.paused:
                self._hold(_PAUSED)
            return None
        begun = time.monotonic()
        await retrying(self._reader.up_to_end, self._running, "read the network")
        offsets = self._reader.network.offsets
        ends = await retrying(self._reader.log_ends, self._running, "ask for the lag")
        if reason := _against(offsets, mine.offsets, ends):
            self._hold(reason)
            return None
        held = _PAUSED if control.paused else self._behind(offsets, ends)
        if held and not mine.ledger.live:
            self._hold(held)
            return None  # there is nothing to settle
        return await self._turn(mine, control, begun, held)

    def _due(self, mine: Leadership, control: Control) -> bool:
        """Whether a look is worth its while."""
        at = self._at(mine, self._reader.network.latest)
        touched = self._reader.network.touched or mine.due <= at
        if control.paused:
            return bool(mine.ledger.live) and touched
        owed = mine.held_back or mine.owed <= time.monotonic()
        return touched or owed or _full(mine, control, at)

    async def _turn(
        self, mine: Leadership, control: Control, begun: float, held: str
    ) -> Turn | None:
        cut, ready = await self._standing.cut()
        if not held and mine.rests(full=cut.changed is None):
            held = _UNSOLVED
        self._hold(held)
        mine.held_back = bool(held)
        at = self._at(mine, cut.latest)
        if held == _BEHIND:  # an answer that waits in the log is not late
            at = max(mine.head.at, min(at, cut.latest))
        timed = mine.due <= at
        full = not held and (cut.changed is None or _full(mine, control, at))
        if not (timed or (cut.touched if held else full or cut.changed or mine.left_over)):
            mine.owed = inf
            return None  # what was touched is as it was
        opening = Opening(
            mine.head.n + 1,
            at,
            full,
            cut,
            mine.head.digest,
            bool(held),
            mine.left_over,
            # a new leader looks at everyone once: what the last one read is only told by offsets
            None if cut.changed is None else self._reader.network.touched_since(mine.offsets),
        )
        owed = mine.recorded + self._settings.empty_round_seconds <= time.monotonic()
        to_record = full or (not held and (owed or cut.keys > _MOST_WAITING))
        return Turn(opening, control, begun, ready, to_record)

    def _at(self, mine: Leadership, latest: int) -> int:
        """`at` of a round upon events up to `latest`: never before the last one."""
        return max(mine.head.at, now(self._settings.clock, latest))

    def _behind(self, offsets: tuple[int, ...], ends: tuple[int, ...]) -> str:
        lag = sum(max(end - offset, 0) for offset, end in zip(offsets, ends, strict=True))
        return _BEHIND if lag > self._settings.hold_lag_events else ""

    def _hold(self, reason: str) -> None:
        if reason != self._held:
            log.info("held" if reason else "open again", reason=reason or self._held)
        self._held = reason
        figures.HELD.set(bool(reason))


def _against(offsets: tuple[int, ...], last: tuple[int, ...], ends: tuple[int, ...]) -> str:
    """Why no round at all may open upon `offsets`, empty when one may; `last` are the last one's."""
    if not any(offsets):
        return "no events yet"
    if any(now < then for now, then in zip(offsets, last, strict=False)):
        return "network.v1 is behind the last round"
    if beyond(offsets, ends):
        return _AHEAD
    return ""


def _full(mine: Leadership, control: Control, at: int) -> bool:
    """Whether a full round is due or asked for, and may be tried."""
    due = mine.full_due <= at or control.full_wanted > control.full_done
    return due and not mine.rests(full=True)
