"""Ties that went quiet: with whom a member had much to do, and lately nothing."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints
from crosstie.matching.graph import Graph, spread
from crosstie.matching.sources.search import Found, Search, among, foremost


def find(search: Search, quota: int, before: int) -> Found:
    """Ties without contact since `before`: each member's richest in contacts."""
    size = len(search.people)
    old = _quiet(search.graph, search.rows, before)
    itself = csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))
    rows = (search.rows, search.rows)
    return foremost(search, rows, old, among(itself, search.looked_among), quota)


def _quiet(graph: Graph, rows: Ints, before: int) -> csr_array:
    """Contacts with whom those of `rows` met, and have not since `before`."""
    where, pointer = spread(graph.pointer, rows)
    tie = graph.tie[where]
    quiet = graph.ties.some(lambda ties: ties["met"] & (ties["last"] < before), tie)
    ends = np.concatenate([[0], np.cumsum(quiet)])[pointer]
    contacts = graph.ties[tie[quiet]]["contacts"].astype(np.float64)
    return csr_array((contacts, graph.to[where[quiet]], ends), shape=graph.links.shape)
