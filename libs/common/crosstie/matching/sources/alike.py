"""Groups of people who are alike to others (sector, level, wishes), and which promise most to whom.

Where there are too many people to look at all, some of each of the best groups are looked at. What
two groups promise each other is the mean over the first drawn of either: the same for all who ask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Draws, Ints, Places, millionths
from crosstie.matching.blocks import in_blocks
from crosstie.matching.sources import estimates
from crosstie.matching.sources.search import Search

BEST_GROUPS, OF_GROUP = 32, 10  # groups looked at, people of each
MOST_GROUPS = 800  # the largest; sectors are free text, and there may be as many as people
OF_EACH = 8  # pairs that tell what two groups promise
_AT_ONCE = 16  # groups that ask
_SHORT = 1 << 15


@dataclass(frozen=True, slots=True)
class Groups:
    """People by group, in drawn order, and the best groups for whoever is of a group."""

    order: Ints
    first: Ints  # of the groups looked at: where they begin in `order`
    width: Ints
    asker: Places  # by member: the number of their own group, -1 for whoever does not ask
    best: Places  # by such a number: groups looked at, the most promising first
    draw: Draws  # by member: whom of a group to begin with

    def some(self, rows: Ints) -> Ints:
        """Per row some people of each of the groups that promise most."""
        best = self.best[self.asker[rows]]
        start = (self.draw[rows] >> np.uint64(1)).astype(np.int64)
        nth = (start[:, None, None] + np.arange(OF_GROUP)) % self.width[best][:, :, None]
        return np.asarray(self.order[self.first[best][:, :, None] + nth].reshape(len(rows), -1))


def groups_of(
    search: Search, drawn: Ints, traits: estimates.Traits, weights: estimates.Weights
) -> Groups:
    """The groups of the people `drawn`, as those who ask look at them."""
    people = search.people
    kinds = (people.sector * 8 + people.level) * 8 + people.wished_directions
    if kinds.max(initial=0) < _SHORT:
        kinds = kinds.astype(np.int16)  # these are sorted without a comparison
    order = drawn[np.argsort(kinds[drawn], kind="stable")]
    there, first, width = np.unique(kinds[order], return_index=True, return_counts=True)
    begin, wide = first, width
    asking, mine = np.unique(kinds[search.rows], return_inverse=True)
    asker = np.full(len(people), -1, dtype=np.int32)
    asker[search.rows] = mine
    if len(first) > MOST_GROUPS:
        largest = np.sort(np.argsort(-width, kind="stable")[:MOST_GROUPS])
        first, width = first[largest], width[largest]
    nth = np.arange(OF_EACH)
    looked = order[first[:, None] + nth % width[:, None]]

    def best(part: slice) -> Places:
        own = np.searchsorted(there, asking[part])
        ask = order[begin[own, None] + nth % wide[own, None]]
        shape = (len(own), len(first), OF_EACH)
        one, other = (np.broadcast_to(each, shape).ravel() for each in (ask[:, None], looked))
        worth = estimates.alone(one, other, traits, weights).reshape(shape)
        likely = millionths(worth.mean(axis=2))
        return np.argsort(-likely, axis=1, kind="stable")[:, :BEST_GROUPS].astype(np.int32)

    parts = in_blocks(best, len(asking), _AT_ONCE)
    return Groups(order, first, width, asker, np.concatenate(parts), search.order)
