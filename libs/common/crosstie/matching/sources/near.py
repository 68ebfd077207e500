"""Whom a member is likeliest to come to know, by the ranking that is learned from the network's past."""

from __future__ import annotations

from crosstie.matching.sources import kernels
from crosstie.matching.sources.search import NOBODY, Found, Search
from crosstie.matching.ties.near import Near


def find(search: Search, quota: int, near: Near) -> Found:
    """The closest of each row that has a list; equals by their draw."""
    rows = search.rows[near.number[search.rows] >= 0]
    if quota == 0 or len(rows) == 0:
        return NOBODY
    places = near.number[rows]
    mine, found = kernels.closest(
        rows, near.first[places], near.first[places + 1], near.other, near.millionths,
        search.looked_among, search.rank, *search.barred, quota,
    )  # fmt: skip
    return mine, found
