"""Places in the hierarchy: some people above, some below, some beside, drawn; and for mentoring."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crosstie.matching.arrays import Ints
from crosstie.matching.mentoring import Ask
from crosstie.matching.sources.search import NOBODY, Found, Search, next_in_ring


def up(search: Search, quota: int) -> Found:
    """Who is more senior."""
    return _by_level(search, quota, 1)


def down(search: Search, quota: int) -> Found:
    """Who is more junior."""
    return _by_level(search, quota, -1)


def across(search: Search, quota: int) -> Found:
    """Who is of the same level, or of an unknown one as oneself."""
    return _by_level(search, quota, 0)


def asked(search: Search, quota: int, ask: Ask) -> Found:
    """Who is asked for by those who ask."""
    rows, pool = search.rows[ask.askers[search.rows]], search.drawn[ask.asked[search.drawn]]
    level = search.people.level
    return _joined(
        next_in_ring(search, rows[level[rows] == own], pool[ask.near(own, level[pool])], quota)
        for own in np.unique(level[rows]).tolist()
    )


def _by_level(search: Search, quota: int, way: int) -> Found:
    level = search.people.level
    theirs = level[search.drawn]

    def pool(own: int) -> Ints:
        known = (theirs > 0) & (own > 0) & (np.sign(theirs - own) == way)
        return np.asarray(search.drawn[theirs == own if way == 0 else known])

    return _joined(
        next_in_ring(search, search.rows[level[search.rows] == own], pool(own), quota)
        for own in np.unique(level[search.rows]).tolist()
    )


def _joined(parts: Iterator[Found]) -> Found:
    rows, columns = zip(NOBODY, *parts, strict=True)
    return np.concatenate(rows), np.concatenate(columns)
