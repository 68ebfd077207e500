"""A flood at both doors: how much one worker carries, as much as one likes of it, until it is drained."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from time import monotonic

from crosstie.chaos.audit import DECIDING, standing
from crosstie.chaos.http_torrent import HttpTorrent
from crosstie.chaos.inbox_torrent import InboxTorrent
from crosstie.chaos.told import Poured, Told
from crosstie.errors import CrosstieError, Transient
from crosstie.settings import Settings

# of both doors first less, unmeasured: the first batches are slow, and ten times that is no ten times
_WARMING_EVENTS, _MEASURED_EVENTS = 10_000, 60_000
_WARMING_SECONDS, _MEASURED_SECONDS = 3.0, 5.0
LATE_SECONDS = 240.0
_LOOK_SECONDS = 0.1
_REST = 9  # times what a look took, before the next: looking takes processors from what it looks at
_LONGEST_REST_SECONDS = 1.0  # where a rate is measured: it is no better than the look that ends it
_REMEDY = "try again where less else is at work, and see the logs of a service that does nothing"


class Unmeasured(CrosstieError):
    """What a worker carries is not known: nothing was taken, or not all in effect when the time was over."""


@dataclass
class Flood:
    """What pours into both doors of one system, and looks at what became of it."""

    settings: Settings
    inbox: InboxTorrent
    http: HttpTorrent
    told: Told

    async def carried(self) -> dict[str, float]:
        """Events a second that one worker carries by each door, the other being idle. Raises Unmeasured."""
        members = self.told.joined()
        await self.http.post(members, LATE_SECONDS)
        if left := self.http.left:
            raise self._untaken(f"{left} of the first {len(members)} members", LATE_SECONDS)
        await self._until_in_effect("the first members")
        await self._by_inbox(_WARMING_EVENTS)
        by_inbox = await self._by_inbox(_MEASURED_EVENTS)
        await self.http.at_full_speed(_WARMING_SECONDS)
        by_http = await self.http.at_full_speed(_MEASURED_SECONDS)
        if not by_http:
            raise self._untaken("all that was offered", _MEASURED_SECONDS)
        await self._until_in_effect("what HTTP took")
        return {"inbox": by_inbox, "http": by_http}

    async def _by_inbox(self, events: int) -> float:
        """Events a second, of so many that are there at once, until all are in effect. Raises Unmeasured."""
        begun = monotonic()
        await self.inbox.pour(events / 0.1, 0.1)
        await self._until_in_effect(f"{events} events by the inbox", _LONGEST_REST_SECONDS)
        return events / (monotonic() - begun)

    async def poured(self, rates: Mapping[str, float], seconds: float) -> dict[str, Poured]:
        """Both doors at these rates, and what was offered in truth."""
        async with asyncio.TaskGroup() as group:
            pouring = {
                "inbox": group.create_task(self.inbox.pour(rates["inbox"], seconds)),
                "http": group.create_task(self.http.pour(rates["http"], seconds)),
            }
        return {door: each.result() for door, each in pouring.items()}

    async def drained(self, again_seconds: float, limit_seconds: float) -> bool:
        """Whether all is in effect within that time; what HTTP shed is offered again for a while."""
        await self.http.until_taken(again_seconds)
        return not await self._behind_after(limit_seconds)

    async def _until_in_effect(self, what: str, longest_rest: float = inf) -> None:
        """A time that was over is no figure. Raises Unmeasured, saying how far it came."""
        if behind := await self._behind_after(LATE_SECONDS, longest_rest):
            raise Unmeasured(
                f"nothing was measured: {what}, of which not all is in effect after "
                f"{LATE_SECONDS:g} s (behind: {behind}); {_REMEDY}"
            )

    async def _behind_after(self, limit_seconds: float, longest_rest: float = inf) -> str:
        """What each stage has to do when that time is over, and since when that is known.

        Empty as soon as all is in effect.
        """
        behind: Mapping[str, int] = {}
        looked = began = monotonic()
        while (begun := monotonic()) < began + limit_seconds:
            with suppress(Transient):
                now = await standing(self.settings)
                if now.stored:
                    return ""
                behind = {each: n for each, n in now.behind.items() if n and each != DECIDING}
                looked = begun
            rest = min(_REST * (monotonic() - begun), longest_rest)
            await asyncio.sleep(max(_LOOK_SECONDS, rest))
        if not behind:
            return "unknown, no look was answered"
        stages = ", ".join(f"{stage} {events}" for stage, events in behind.items())
        return f"{stages}, as of {monotonic() - looked:.0f} s before"

    def _untaken(self, what: str, seconds: float) -> Unmeasured:
        answers = [*self.http.answers.items(), *self.http.unanswered.items()]
        said = ", ".join(f"{many} times {answer}" for answer, many in answers) or "nothing"
        return Unmeasured(
            f"nothing was measured: HTTP did not take {what} within {seconds:g} s "
            f"(so far it answered {said}); {_REMEDY}"
        )
