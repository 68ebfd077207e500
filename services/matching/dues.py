"""When time alone next gives a round something to do, known without a look at the whole ledger."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from math import inf

from crosstie.matching.ledger import WEEK_US, Ledger
from crosstie.matching.model import FINAL, Suggestion


class Dues:
    """Expiries, and the ends of weeks since suggestions were made; each is due once."""

    def __init__(self, ledger: Ledger) -> None:
        self._heap: list[int] = []
        self._upto = ledger.at
        counted = (*ledger.made.values(), *ledger.mentorings.values())
        self._add(when + WEEK_US for when in {when for made in counted for when in made})
        self._add(each.expires_at + 1 for each in ledger.live.values())

    def changed(self, suggestions: Iterable[Suggestion]) -> None:
        """These are made, or stand otherwise."""
        for each in suggestions:
            if each.state not in FINAL:
                self._add((each.expires_at + 1, each.made_at + WEEK_US))

    def next_after(self, at: int) -> float:
        """The first that a round at `at` left undone; one that nothing hangs on any more may be too early."""
        self._upto = max(at, self._upto)
        while self._heap and self._heap[0] <= self._upto:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else inf

    def _add(self, dues: Iterable[int]) -> None:
        for due in dues:
            if due > self._upto:
                heapq.heappush(self._heap, due)
