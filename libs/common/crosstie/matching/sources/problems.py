"""The same problem in another sector: needs alike in words, of two people of different sectors."""

from __future__ import annotations

import numpy as np

from crosstie.matching.affinity import crosses
from crosstie.matching.arrays import Ints
from crosstie.matching.sources.needs import Words, answering, between
from crosstie.matching.sources.search import NOBODY, Found, Search

_SHARING = 50  # needs with one word that are followed: a problem is told by words that few use
_WIDER = 4  # times the quota are looked at: some are of one's own sector


def find(search: Search, quota: int) -> Found:
    """Of each row the `quota` whose needs are nearest, the sectors of both known and different.

    Of several needs each finds its nearest before any finds its next.
    """
    if quota == 0 or len(search.rows) == 0:
        return NOBODY
    alike: Words = between(search, search.people.needs, search.people.needs, _SHARING)
    need = _place(alike.wanted.owner[alike.items])
    parts = [_elsewhere(search, alike, quota, need, n) for n in range(need.max(initial=-1) + 1)]
    if not parts:
        return NOBODY
    rows, found, place, turn = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.lexsort((turn, place, rows))
    rows, found = rows[order], found[order]
    _, first = np.unique(rows * len(search.people) + found, return_index=True)
    first.sort()
    rows, found = rows[first], found[first]
    few = _place(rows) < quota
    return rows[few], found[few]


def _elsewhere(
    search: Search, alike: Words, quota: int, need: Ints, n: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Of the n-th need of each row: the row, who is found, as the how manieth, and n."""
    rows, found = answering(search, alike, _WIDER * quota, np.flatnonzero(need == n))
    across = crosses(search.people, rows, found)
    rows, found = rows[across], found[across]
    return rows, found, _place(rows), np.full(len(rows), n)


def _place(rows: Ints) -> Ints:
    """Of every entry, how many of the same row, which are in one piece, come before."""
    new = np.flatnonzero(np.concatenate([rows[:1] == rows[:1], rows[1:] != rows[:-1]]))
    lengths = np.diff(np.concatenate([new, [len(rows)]]))
    return np.arange(len(rows)) - np.repeat(new, lengths)
