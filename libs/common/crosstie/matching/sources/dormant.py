"""Ties that went quiet: with whom a member had much to do, and lately nothing."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.graph import symmetric
from crosstie.matching.sources.search import Found, Search, among, foremost, masked


def find(search: Search, quota: int, before: int) -> Found:
    """Ties without contact since `before`: each member's richest in contacts."""
    graph, size = search.graph, len(search.people)
    quiet = graph.last < before
    if len(search.rows) < size // 8:  # no others' ties are asked for
        asked = masked(search.rows, size)
        quiet &= asked[graph.a] | asked[graph.b]
    old = symmetric(graph.a[quiet], graph.b[quiet], graph.contacts[quiet].astype(np.float64), size)
    itself = csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))
    rows = (search.rows, search.rows)
    return foremost(search, rows, old, among(itself, search.looked_among), quota)
