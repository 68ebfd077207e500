"""Alternating paths: add a pair, give one up, add another, for as long as it gains.

Repairs what rounding half-chosen pairs loses at circles of odd length. A search of bounded depth
and width, so it may miss a path; what is missed shows in the certified gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from itertools import islice

import numpy as np

from crosstie.matching.arrays import Bools, Ints

DEPTH = 6  # pairs added on one path
WIDTH = 32  # paths followed at once
BRANCHES = 12  # pairs tried from where a path stands, the best first
MOST_STARTS = 100


@dataclass(frozen=True, slots=True)
class _Path:
    """Pairs in turn added and given up, starting with one added; `here` has a slot free now."""

    gain: int
    here: int
    pairs: tuple[int, ...] = ()
    through: frozenset[int] = frozenset()


class Alternation:
    """A choice of pairs within slots, changed in place along paths that gain."""

    def __init__(self, chosen: Bools, a: Ints, b: Ints, worth: Ints, slots: Ints) -> None:
        self._chosen: list[bool] = chosen.tolist()
        self._into = chosen
        self._ends = np.stack([a, b])
        self._value = worth
        self._worth: list[int] = worth.tolist()
        taken = self._ends[:, chosen].ravel()
        self._room: list[int] = (slots - np.bincount(taken, minlength=len(slots))).tolist()
        order = np.argsort(self._ends.ravel(), kind="stable")
        self._pairs = order % max(len(a), 1)  # by member
        self._first = np.searchsorted(self._ends.ravel()[order], np.arange(len(slots) + 1))
        self._known: dict[int, list[tuple[int, int]]] = {}

    def gain_from(self, starts: Iterable[int]) -> None:
        """Follow the best path from each of `starts` that has room, while there is one."""
        for start in list(starts)[:MOST_STARTS]:
            while self._room[start] > 0 and (path := self._best(start)) is not None:
                for pair in path.pairs:
                    self._flip(pair)

    def _flip(self, pair: int) -> None:
        now = not self._chosen[pair]
        self._chosen[pair] = self._into[pair] = now
        for end in self._ends[:, pair].tolist():
            self._room[end] += -1 if now else 1

    def _best(self, start: int) -> _Path | None:
        best: _Path | None = None
        paths = [_Path(0, start, (), frozenset((start,)))]
        for _ in range(DEPTH):
            onward: dict[int, _Path] = {}
            for path in paths:
                for longer, ended in self._extended(path):
                    if (ended or longer.gain > 0) and (best is None or longer.gain > best.gain):
                        best = longer
                    known = onward.get(longer.here)
                    if not ended and (known is None or longer.gain > known.gain):
                        onward[longer.here] = longer
            paths = nsmallest(WIDTH, onward.values(), key=lambda each: (-each.gain, each.here))
        return best if best is not None and best.gain > 0 else None

    def _extended(self, path: _Path) -> Iterator[tuple[_Path, bool]]:
        """`path` with one pair more, ended where that fits, else with one given up for it."""
        free = (each for each in self._at(path.here, chosen=False) if each[1] not in path.through)
        for added, there in islice(free, BRANCHES):
            if self._worth[added] <= 0:
                return
            gain = path.gain + self._worth[added]
            if self._room[there] > 0:
                yield _Path(gain, there, (*path.pairs, added), path.through), True
                continue
            for given, beyond in self._at(there, chosen=True):
                if beyond not in path.through:
                    yield (
                        _Path(
                            gain - self._worth[given],
                            beyond,
                            (*path.pairs, added, given),
                            path.through | {there, beyond},
                        ),
                        False,
                    )

    def _at(self, member: int, *, chosen: bool) -> Iterator[tuple[int, int]]:
        """Pairs of `member` that are chosen, or are not, with their other ends; the best first."""
        if member not in self._known:
            pairs = self._pairs[self._first[member] : self._first[member + 1]]
            pairs = pairs[np.argsort(-self._value[pairs], kind="stable")]
            others = self._ends[:, pairs].sum(axis=0) - member
            self._known[member] = list(zip(pairs.tolist(), others.tolist(), strict=True))
        return (each for each in self._known[member] if self._chosen[each[0]] == chosen)
