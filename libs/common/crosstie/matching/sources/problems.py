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
    """Of each row the `quota` whose needs are nearest, the sectors of both known and different."""
    if quota == 0 or len(search.rows) == 0:
        return NOBODY
    alike: Words = between(search, search.people.needs, search.people.needs, _SHARING)
    rows, found = answering(search, alike, _WIDER * quota)
    elsewhere = crosses(search.people, rows, found)
    rows, found = rows[elsewhere], found[elsewhere]
    few = _place(rows) < quota
    return rows[few], found[few]


def _place(rows: Ints) -> Ints:
    """Of every entry, how many of the same row, which are in one piece, come before."""
    new = np.flatnonzero(np.concatenate([rows[:1] == rows[:1], rows[1:] != rows[:-1]]))
    lengths = np.diff(np.concatenate([new, [len(rows)]]))
    return np.arange(len(rows)) - np.repeat(new, lengths)
