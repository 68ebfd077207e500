"""Ties that went quiet: with whom a member had much to do, and lately nothing."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints, keys_of
from crosstie.matching.graph import Graph, spread, symmetric
from crosstie.matching.sources.search import Found, Search, among, foremost

_FEW = 8  # up to one in so many rows are asked for alone


def find(search: Search, quota: int, before: int) -> Found:
    """Ties without contact since `before`: each member's richest in contacts."""
    graph, size = search.graph, len(search.people)
    few = len(search.rows) < size // _FEW
    old = _quiet_of(graph, search.rows, before) if few else _quiet(graph, before)
    itself = csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))
    rows = (search.rows, search.rows)
    return foremost(search, rows, old, among(itself, search.looked_among), quota)


def _quiet(graph: Graph, before: int) -> csr_array:
    """All ties without contact since `before`, as contacts there were."""
    quiet = graph.last < before
    contacts = graph.contacts[quiet].astype(np.float64)
    return symmetric(graph.a[quiet], graph.b[quiet], contacts, graph.links.shape[0])


def _quiet_of(graph: Graph, rows: Ints, before: int) -> csr_array:
    """Those of `rows` alone, with people who may be named."""
    links, size = graph.links, graph.links.shape[0]
    where, pointer = spread(links.indptr, rows)
    to = links.indices[where].astype(np.int64)
    tie = np.searchsorted(
        graph.keys, keys_of(np.repeat(rows, np.diff(links.indptr)[rows]), to, size)
    )
    quiet = graph.last[tie] < before
    ends = np.concatenate([[0], np.cumsum(quiet)])[pointer]
    return csr_array(
        (graph.contacts[tie[quiet]].astype(np.float64), to[quiet], ends), shape=links.shape
    )
