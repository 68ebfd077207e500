"""Personalised PageRank: where a walker ends up who follows ties at random and often comes home.

By forward local push (Andersen, Chung and Lang, Local Graph Partitioning using PageRank Vectors, FOCS
2006): what a member holds is pushed on where it is much for their number of ties. Work per member is
bounded, whatever the size of the network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints, Places, sparse
from crosstie.matching.blocks import in_blocks
from crosstie.matching.compiled import Compiled
from crosstie.matching.graph import strongest
from crosstie.matching.ordered import keep
from crosstie.matching.sources.listing import bar, listed
from crosstie.matching.sources.search import NOBODY, Found, Search

HOME = 0.2  # chance of coming home at each step
LEAST = 1e-4  # that is pushed on, per tie
MOST_WALKED = 2_000  # ties per member
_AT_ONCE = 1 << 12  # members


def find(search: Search, quota: int, hub_ties: int) -> Found:
    """Whom each row's walker visits most; through one of more than `hub_ties` ties none goes on.

    From home they set out all the same, along the strongest of so many.
    """
    if quota == 0 or len(search.rows) == 0:
        return NOBODY
    most = min(hub_ties, MOST_WALKED)
    rest = (
        *sparse(search.graph.links)[:2], *_strongest_of_hubs(search, most), search.looked_among,
        search.rank, *search.barred, HOME, LEAST, MOST_WALKED, hub_ties, quota,
    )  # fmt: skip
    parts: list[tuple[Ints, Ints]] = in_blocks(
        lambda part: pushed(search.rows[part], *rest), len(search.rows), _AT_ONCE
    )
    rows, found = zip(NOBODY, *parts, strict=True)
    return np.concatenate(rows), np.concatenate(found)


def _strongest_of_hubs(search: Search, most: int) -> tuple[Places, Places]:
    """Of the rows with more than `most` ties the strongest: pointers by member, and to whom."""
    links = search.graph.links
    hubs = np.sort(search.rows[np.diff(links.indptr)[search.rows] > most])
    weights = search.graph.weights_of(hubs)[hubs].multiply(links[hubs])
    kept = strongest(csr_array(weights), most)
    counts = np.zeros(links.shape[0], dtype=np.int64)
    counts[hubs] = np.diff(kept.indptr)
    pointer = np.concatenate([[0], np.cumsum(counts)])
    return pointer.astype(np.int32), kept.indices.astype(np.int32)


def _pushed(
    rows: Any,
    pointer: Any,
    to: Any,
    own_ptr: Any,
    own_to: Any,
    looked: Any,
    rank: Any,
    ruled_ptr: Any,
    ruled_to: Any,
    home: Any,
    least: Any,
    most_walked: Any,
    hub_ties: Any,
    quota: Any,
) -> Any:
    """Of every row the `quota` most visited of those looked among; in billionths, equals by rank.

    A row with entries of `own_to` sets out along these instead of its own.
    """
    size = len(rank)
    held = np.zeros(size)  # not pushed on yet
    visits = np.zeros(size)
    met = np.full(size, -1, np.int32)
    waits = np.zeros(size, np.bool_)
    barred = np.full(size, -1, np.int32)
    touched = np.empty(size, np.int32)
    queue = np.empty(most_walked + 1, np.int32)  # one for every tie walked, and the row
    keys = np.empty(quota, np.int64)
    best = np.empty(quota, np.int64)
    mine = np.empty(len(rows) * quota, np.int64)
    found = np.empty(len(rows) * quota, np.int64)
    total = 0
    for i in range(len(rows)):
        me = rows[i]
        bar(barred, i, me, ruled_ptr, ruled_to)
        met[me] = i
        touched[0] = me
        count, begin, end, walked = 1, 0, 1, 0
        queue[0] = me
        waits[me] = True
        held[me] = 1.0
        while begin < end:
            one = queue[begin]
            begin += 1
            waits[one] = False
            narrow = one == me and own_ptr[me + 1] > own_ptr[me]
            first = own_ptr[one] if narrow else pointer[one]
            ties = (own_ptr[one + 1] if narrow else pointer[one + 1]) - first
            if ties == 0 or ties > hub_ties or walked + ties > most_walked:
                continue
            walked += ties
            amount = held[one]
            held[one] = 0.0
            visits[one] += home * amount
            share = (1.0 - home) * amount / ties
            for k in range(first, first + ties):
                other = own_to[k] if narrow else to[k]
                if met[other] != i:
                    met[other] = i
                    touched[count] = other
                    count += 1
                held[other] += share
                far = pointer[other + 1] - pointer[other]
                if not waits[other] and held[other] >= least * far:
                    waits[other] = True
                    queue[end] = other
                    end += 1
        kept = 0
        for t in range(count):
            there = touched[t]
            # what is held is the least that it will be visited, were it pushed on
            key = np.int64(np.rint((visits[there] + home * held[there]) * 1000000000)) * size
            key -= rank[there]
            held[there] = 0.0
            visits[there] = 0.0
            waits[there] = False
            if looked[there] and barred[there] != i and key > 0:
                kept = keep(keys, best, kept, key, there)
        total = listed(mine, found, total, me, best, kept)
    return mine[:total].copy(), found[:total].copy()


pushed = Compiled(_pushed)
