"""Whom a member is likeliest to come to know: their list, ranked as a base has learned it.

A score of the ranking is a log-odds within its list (a conditional logit), so exp(score) over its mean
in the list is how many times likelier somebody is than the average of those within reach. Its
natural logarithm is the closeness of the two, where it is above 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from crosstie.matching.arrays import MILLION, Floats, Ints
from crosstie.matching.blocks import in_blocks
from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import find
from crosstie.matching.ties import scores
from crosstie.matching.ties.kernels import within
from crosstie.matching.ties.lists import MOST_CANDIDATES, SMALL
from crosstie.matching.ties.model import TieModel, compiled
from crosstie.matching.ties.outlook import Outlook

NEAREST = 100  # of a list, that are kept
_FITS = 2  # a score is the sum of two
_AT_ONCE = 256  # lists


@dataclass(frozen=True, slots=True)
class Near:
    """The nearest of some members: of list k those of first[k] to first[k + 1], ascending."""

    number: Ints  # by member, of their list; -1: none
    first: Ints
    other: Ints
    millionths: Ints  # of closeness, above 0

    @classmethod
    def nobody(cls, size: int) -> Near:
        """No list of any of `size` members."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(np.full(size, -1, dtype=np.int64), np.zeros(1, dtype=np.int64), nothing, nothing)

    def closeness(self, by: Ints, about: Ints) -> Floats:
        """Of about[k] as by[k] has it; where they have no list, the other way round; else 0."""
        if len(self.other) == 0:
            return np.zeros(len(by))
        found: Floats = _looked_up(by, about, self.number, self.first, self.other, self.millionths)
        return found / MILLION


def near(outlook: Outlook, model: TieModel, rows: Ints, hub_ties: int) -> Near:
    """The lists of `rows`, ascending: who is NEAREST, of those two ties away (all, if few).

    Ties of somebody with more than `hub_ties` are not followed.
    """
    size = len(outlook.manager)
    weights = compiled(model, outlook)
    warm = np.flatnonzero(outlook.sums[:, 0] > 0)
    rows = rows[outlook.sums[rows, 0] > 0]

    def work(part: slice) -> tuple[Ints, Ints, Ints]:
        members = rows[part]
        starts, found = within(
            members, outlook.pointer, outlook.to, MOST_CANDIDATES, warm, size <= SMALL, hub_ties
        )
        told = scores.scored(members, starts, found, outlook, weights, hub_ties)
        counts, others, close = _foremost(starts, found, told / _FITS, NEAREST)
        return counts, others, close

    parts = in_blocks(work, len(rows), _AT_ONCE)
    nothing = np.empty(0, dtype=np.int64)
    counts, others, close = (
        np.concatenate(each) for each in zip((nothing,) * 3, *parts, strict=True)
    )
    number = np.full(size, -1, dtype=np.int64)
    number[rows] = np.arange(len(rows))
    return Near(number, np.concatenate([[0], np.cumsum(counts)]), others, close)


def _nearest(starts: Any, found: Any, score: Any, most: Any) -> Any:
    """Of every list how many are kept, who, ascending, and how close they are, in millionths."""
    counts = np.zeros(len(starts) - 1, np.int64)
    others = np.empty(len(found), np.int64)
    close = np.empty(len(found), np.int64)
    end = 0
    for i in range(len(counts)):
        low, high = starts[i], starts[i + 1]
        if low == high:
            continue
        top = score[low:high].max()
        mean = np.exp(score[low:high] - top).sum() / (high - low)
        level = top + np.log(mean)
        key = np.empty(high - low, np.int64)
        for k in range(high - low):
            key[k] = np.int64(np.rint((score[low + k] - level) * 1000000))
        chosen = np.sort(np.argsort(-key, kind="mergesort")[:most])
        for k in chosen:
            if key[k] > 0:
                others[end] = found[low + k]
                close[end] = key[k]
                end += 1
                counts[i] += 1
    return counts, others[:end].copy(), close[:end].copy()


def _looked(by: Any, about: Any, number: Any, first: Any, other: Any, value: Any) -> Any:
    """The value of about[k] in the list of by[k]; without one, of by[k] in the list of about[k]."""
    out = np.zeros(len(by))
    for k in range(len(by)):
        mine, wanted = number[by[k]], about[k]
        if mine < 0:
            mine, wanted = number[about[k]], by[k]
        if mine < 0:
            continue
        place = find(other, first[mine], first[mine + 1], wanted)
        if place >= 0:
            out[k] = value[place]
    return out


_foremost = Compiled(_nearest)
_looked_up = Compiled(_looked)
