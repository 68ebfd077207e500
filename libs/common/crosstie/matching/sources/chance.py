"""Anybody: a few drawn ones, so that nobody stays unseen."""

from __future__ import annotations

from crosstie.matching.sources.search import Found, Search, next_in_ring


def find(search: Search, quota: int) -> Found:
    """The next ones in the drawn order of all."""
    return next_in_ring(search, search.rows, search.drawn, quota)
