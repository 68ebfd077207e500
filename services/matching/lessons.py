"""What answers to suggestions teach, read from recorded rounds once and kept in memory."""

from __future__ import annotations

from collections import deque
from itertools import takewhile

from crosstie.matching.answers import lessons
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.model import Round
from crosstie.network.strength import DAY_US
from services.matching.offloop import off_loop
from services.matching.store import Store

HORIZON_US = 365 * DAY_US
MOST = 100_000  # more teach nothing new, and a year of a large network would fill the memory


class Lessons:
    """The newest lessons of the last year, in their order."""

    def __init__(self, store: Store, most: int = MOST) -> None:
        self._store = store
        self._kept: deque[Lesson] = deque(maxlen=most)
        self._n = 0  # rounds up to here are read
        self._most = most

    async def upto(self, n: int, at: int) -> tuple[Lesson, ...]:
        """All that rounds up to `n`, which was at `at`, taught. Raises DatabaseAway."""
        if self._n == 0:
            await self._read_back(n, at)
        while self._n < n and (rounds := await self._store.rounds_after(self._n)):
            news = await off_loop(lambda rounds=rounds: list(lessons.lessons(rounds)))  # type: ignore[misc]
            self._kept.extend(news)
            self._n = rounds[-1].n
        while self._kept and self._kept[0].known_at < at - HORIZON_US:
            self._kept.popleft()
        return tuple(self._kept)

    async def _read_back(self, n: int, at: int) -> None:
        """From the newest round backwards, until there are enough or it is too long ago."""
        found: list[list[Lesson]] = []
        here, count = n, 0
        while here > 0 and count < self._most:
            rounds = await self._store.rounds_upto(here)
            recent = list(takewhile(lambda each: each.at >= at - HORIZON_US, rounds))
            news = await off_loop(lambda recent=recent: _backwards(recent))  # type: ignore[misc]
            found.append(news)
            count += len(news)
            if len(recent) < len(rounds) or not rounds:
                break
            here = rounds[-1].n - 1
        for each in reversed(found):
            self._kept.extend(each)
        self._n = n


def _backwards(rounds: list[Round]) -> list[Lesson]:
    """In the order of time, of rounds that are in the other."""
    return list(lessons.lessons(reversed(rounds)))
