"""What lists lead to, given what people would really do: mutual matches, exposure, who gets nothing.

Position-based examination: the list's r-th place is looked at with probability 1/r. Two people match
when each looks at the other and likes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Floats, Ints
from crosstie.simulate.market.lists import NOBODY, WAYS, Lists
from crosstie.simulate.market.preferences import FEW, Likes, Setting, hidden, seen


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one way of making lists; people of both sides together."""

    way: str
    matches: float  # expected mutual ones, in all
    exposure_gini: float  # of how much each is looked at: 0 all alike, 1 one takes all
    popular_share: float  # of all exposure, to the popular few
    least: float  # expected matches of whoever has fewest
    without: int  # people who are expected less than 0.05 of a match


WITHOUT = 0.05


def outcomes(setting: Setting) -> Iterator[Outcome]:
    """Every way of making lists on one market."""
    truth = hidden(setting)
    believed = seen(truth, setting)
    for name, way in WAYS.items():
        yield measured(name, way(believed, setting), truth)


def measured(way: str, lists: Lists, truth: Likes) -> Outcome:
    """What `lists` lead to."""
    looks = _looks(lists.left, truth.left.shape), _looks(lists.right, truth.right.shape)
    match = looks[0] * truth.left * (looks[1] * truth.right).T
    expected = np.concatenate([match.sum(axis=1), match.sum(axis=0)])
    exposure = np.concatenate([looks[1].sum(axis=0), looks[0].sum(axis=0)])
    few = max(round(FEW * len(truth.left)), 1)  # the most popular come first on either side
    popular = exposure[:few].sum() + exposure[len(truth.left) :][:few].sum()
    return Outcome(
        way=way,
        matches=float(match.sum()),
        exposure_gini=gini(exposure),
        popular_share=float(popular / max(exposure.sum(), 1.0)),
        least=float(expected.min()),
        without=int(np.count_nonzero(expected < WITHOUT)),
    )


def gini(amounts: Floats) -> float:
    """0 when all have the same, towards 1 when one has all."""
    total = amounts.sum()
    if total <= 0:
        return 0.0
    size = len(amounts)
    ranks = np.arange(1, size + 1)
    uneven = 2.0 * (ranks * np.sort(amounts)).sum() / (size * total) - (size + 1) / size
    return max(float(uneven), 0.0)  # equal amounts may round to less


def _looks(lists: Ints, shape: tuple[int, ...]) -> Floats:
    """The probability that a row's person looks at a column's."""
    rows, places = np.nonzero(lists != NOBODY)
    looks = np.zeros(shape)
    looks[rows, lists[rows, places]] = 1.0 / (places + 1.0)
    return looks
