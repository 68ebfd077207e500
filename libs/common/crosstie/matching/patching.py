"""The graph once few ties changed: their entries alone are made, all others are moved as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Ints, Places
from crosstie.matching.contacts import SPAN, Columns, Pair, columns
from crosstie.matching.graph import Graph, ties_of
from crosstie.network.state import Tie


def patched(
    graph: Graph, index: Mapping[str, int], eligible: Bools, ties: Mapping[Pair, Tie | None]
) -> Graph:
    """`graph` where `ties` are as they are now, None for none; all else is the same."""
    known = {pair: tie for pair, tie in ties.items() if pair[0] in index and pair[1] in index}
    now = columns((tie for tie in known.values() if tie is not None), index)
    gone = [index[a] * SPAN + index[b] for (a, b), tie in known.items() if tie is None]
    every = np.unique(np.concatenate([now.key, np.array(gone, dtype=np.int64)]))
    one, other = every // SPAN, every % SPAN
    keys = one * len(eligible) + other
    spread = _spread(now, np.searchsorted(every, now.key), len(every))
    leading = spread.contact & ~spread.blocked & eligible[one] & eligible[other]
    pairs = _Pairs(one, other, spread)
    after = replace(
        _entered(graph, pairs, leading),
        links=_links(graph.links, pairs, leading & spread.met),
        blocked=np.union1d(np.setdiff1d(graph.blocked, keys), keys[spread.blocked]),
    )
    return after.keeping(graph)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Ties that may differ: their ends, ascending, and what they are now; nothing where they are gone."""

    one: Ints
    other: Ints
    now: Columns


@dataclass(frozen=True, slots=True)
class _Splice:
    """Places to take out, and places to put something in before; both ascending."""

    out: Ints
    at: Ints

    def __bool__(self) -> bool:
        return len(self.out) + len(self.at) > 0

    def of(self, before: Any, news: Any) -> Any:
        """`before` with `news` put in: a copy of long pieces, which is what memory is fast at."""
        parts, last = [], 0
        news = news.astype(before.dtype, copy=False)  # before all is made wide
        gone, number = set(self.out.tolist()), 0
        places = self.at.tolist()
        for place in sorted({*gone, *places}):
            parts.append(before[last:place])
            begin = number
            while number < len(places) and places[number] == place:
                number += 1
            parts.append(news[begin:number])
            last = place + (place in gone)
        return np.concatenate([*parts, before[last:]])


def _links(links: csr_array, pairs: _Pairs, direct: Bools) -> csr_array:
    place, there = _entries(links.indptr, links.indices, pairs)
    pointer, splice, fresh = _moved(links.indptr, pairs, place, there, direct)
    if not splice:
        return links
    to = splice.of(links.indices, _ends(pairs, 1)[fresh])
    return csr_array((np.ones(len(to), dtype=links.dtype), to, pointer), shape=links.shape)


def _entered(graph: Graph, pairs: _Pairs, leading: Bools) -> Graph:
    """A new tie comes after all others: only its entries tell where it is."""
    place, there = _entries(graph.pointer, graph.to, pairs)
    count = len(leading)
    stay, new = there[:count] & leading, leading & ~there[:count]
    now, known = ties_of(pairs.now), graph.tie[place[:count][stay]].astype(np.int64)
    ties = graph.ties.after(known, now[stay], now[new])
    pointer, splice, fresh = _moved(graph.pointer, pairs, place, there, leading)
    if not splice:
        return replace(graph, ties=ties)
    number = np.cumsum(new) - 1 + len(graph.ties)
    return replace(
        graph,
        pointer=pointer,
        to=splice.of(graph.to, _ends(pairs, 1)[fresh]),
        tie=splice.of(graph.tie, np.tile(number, 2)[fresh]),
        ties=ties,
    )


def _ends(pairs: _Pairs, side: int) -> Ints:
    """Rows (0) or columns (1) of the entries of every pair: from one to the other, then back."""
    both = (pairs.one, pairs.other)
    return np.concatenate([both[side], both[1 - side]])


def _entries(pointer: Places, to: Places, pairs: _Pairs) -> tuple[Ints, Bools]:
    """Where the entries of the pairs are or would be, and whether they are there."""
    rows, columns = _ends(pairs, 0), _ends(pairs, 1)
    place, there = np.empty(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.bool_)
    spans = zip(pointer[rows].tolist(), pointer[rows + 1].tolist(), columns.tolist(), strict=True)
    for k, (low, high, column) in enumerate(spans):
        place[k] = low + np.searchsorted(to[low:high], column)
        there[k] = place[k] < high and to[place[k]] == column
    return place, there


def _moved(
    pointer: Places, pairs: _Pairs, place: Ints, there: Bools, wanted: Bools
) -> tuple[Places, _Splice, Ints]:
    """The row pointers, what to put in and out, and which entries are put in, in their order."""
    both, rows = np.tile(wanted, 2), _ends(pairs, 0)
    fresh, gone = np.flatnonzero(both & ~there), there & ~both
    fresh = fresh[np.lexsort((_ends(pairs, 1)[fresh], rows[fresh]))]
    splice = _Splice(np.sort(place[gone]), place[fresh])
    if not splice:
        return pointer, splice, fresh
    size = len(pointer) - 1
    more = np.bincount(rows[fresh], minlength=size) - np.bincount(rows[gone], minlength=size)
    moved = pointer + np.concatenate([[0], np.cumsum(more)])
    return moved.astype(pointer.dtype), splice, fresh


def _spread(some: Columns, place: Ints, size: int) -> Columns:
    """The columns of `size` ties, nothing but at `place`."""
    spread = []
    for each in some.each():
        column = np.zeros(size, dtype=each.dtype)
        column[place] = each
        spread.append(column)
    return Columns(*spread)
