"""Rows by place, of which few change at a time: these lie above all others until they are many.

A change costs as much as there is above, not as much as there is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosstie.matching.arrays import Ints, Places

_FEWEST = 4_096  # lie above before they are put in their places,
_PART = 64  # and one in so many of all
_FEW = 4  # up to one in so many rows are looked at alone


@dataclass(frozen=True, slots=True)
class Overlaid:
    """Never changed: `after` makes others, which share most of it. `below` and `above`: of one type."""

    below: Any
    at: Ints  # ascending: the places of those above
    above: Any

    @classmethod
    def of(cls, rows: Any) -> Overlaid:
        """With nothing above."""
        return cls(rows, np.empty(0, dtype=np.int64), rows[:0])

    def __len__(self) -> int:
        return max(len(self.below), int(self.at[-1]) + 1 if len(self.at) else 0)

    def __getitem__(self, places: Ints | Places) -> Any:
        """The rows at `places`, in their order."""
        if len(self.at) == 0:
            return self.below[places]
        place = np.searchsorted(self.at, places)
        place[place == len(self.at)] = 0
        over = self.at[place] == places
        found = np.empty(len(places), dtype=self.below.dtype)
        found[over], found[~over] = self.above[place[over]], self.below[places[~over]]
        return found

    def each(self, of: Callable[[Any], Any]) -> Any:
        """What `of` makes of every row: as much work as there are, and no copy of them."""
        made = of(self.below)
        if len(self.at) == 0:
            return made
        found = np.empty(len(self), dtype=made.dtype)
        found[: len(self.below)] = made
        found[self.at] = of(self.above)
        return found

    def some(self, of: Callable[[Any], Any], places: Ints | Places) -> Any:
        """What `of` makes of the rows at `places`; of most of them, of all that there are."""
        if _FEW * len(places) <= len(self):
            return of(self[places])
        return self.each(of)[places]

    def whole(self) -> Any:
        """All of them: as much work as there are, where any lies above."""
        return self.each(lambda rows: rows)

    def after(self, places: Ints, rows: Any, more: Any) -> Overlaid:
        """With `rows` at `places`, each place once, and `more` after the last."""
        if len(places) + len(more) == 0:
            return self
        ends = np.arange(len(self), len(self) + len(more))
        at = np.concatenate([self.at, places, ends])
        order = np.argsort(at, kind="stable")
        at = at[order]
        last = np.append(at[1:] != at[:-1], True)  # of one place, what came last
        above = np.concatenate([self.above, rows, more])[order[last]]
        after = Overlaid(self.below, at[last], above)
        if len(above) > max(_FEWEST, len(self.below) // _PART):
            return Overlaid.of(after.whole())
        return after
