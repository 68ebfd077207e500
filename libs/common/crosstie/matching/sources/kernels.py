"""Compiled searches over sparse rows: whose products are foremost, who comes next in a ring.

One row at a time, in a fixed order, whichever block of rows a core is given: the same bytes everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import keep, raised
from crosstie.matching.sources.listing import bar, listed


def _foremost(
    items: Any,
    owner: Any,
    left_ptr: Any,
    left_to: Any,
    left: Any,
    right_ptr: Any,
    right_to: Any,
    right: Any,
    group: Any,
    rank: Any,
    ruled_ptr: Any,
    ruled_to: Any,
    quota: Any,
) -> Any:
    """Of every item the `quota` members with most of (left right)[item]: of a `group`, its greatest.

    In millionths and above none; equals by `rank`; without the item's owner and whom theirs rules out.
    """
    size, alone = len(rank), len(group) == 0  # each column is a member
    width = size if alone else len(group)
    sums = np.zeros(width)
    seen = np.full(width, -1, np.int32)
    barred = np.full(size, -1, np.int32)
    touched = np.empty(width, np.int32)
    keys = np.empty(quota + 1, np.int64)
    best = np.empty(quota + 1, np.int64)
    rows = np.empty(len(items) * quota, np.int64)
    found = np.empty(len(items) * quota, np.int64)
    end = 0
    for i in range(len(items)):
        item = items[i]
        count = 0
        for j in range(left_ptr[item], left_ptr[item + 1]):
            middle = left_to[j]
            amount = left[j]
            for k in range(right_ptr[middle], right_ptr[middle + 1]):
                there = right_to[k]
                if seen[there] == i:
                    sums[there] += amount * right[k]
                else:
                    seen[there] = i
                    sums[there] = amount * right[k]
                    touched[count] = there
                    count += 1
        me = owner[i]
        bar(barred, i, me, ruled_ptr, ruled_to)
        kept = 0
        floor = 5e-7  # what is less is surely not among the best
        for t in range(count):
            amount = sums[touched[t]]
            if amount < floor:
                continue
            member = touched[t] if alone else group[touched[t]]
            key = np.int64(np.rint(amount * 1000000)) * size - rank[member]
            if barred[member] == i or (kept == quota and (kept == 0 or key <= keys[kept - 1])):
                continue
            place = 0
            while place < kept and best[place] != member:
                place += 1
            if place < kept and keys[place] >= key:
                continue  # another of their group has more
            if place == kept:
                kept = min(kept + 1, quota)
                place = kept - 1
            raised(keys, best, place, key, member)
            if kept == quota:
                floor = max(((keys[kept - 1] + size - 1) // size - 1) / 1000000, floor)
        end = listed(rows, found, end, me, best, kept)
    return rows[:end], found[:end]


def _following(
    rows: Any, start: Any, ring: Any, ruled_ptr: Any, ruled_to: Any, quota: Any, most: Any
) -> Any:
    """For every row the first `quota` of `ring` from `start` on that it does not rule out.

    It looks at `most` of them at most.
    """
    barred = np.full(len(ruled_ptr) - 1, -1, np.int64)
    mine = np.empty(len(rows) * quota, np.int64)
    found = np.empty(len(rows) * quota, np.int64)
    end = 0
    for i in range(len(rows)):
        me = rows[i]
        bar(barred, i, me, ruled_ptr, ruled_to)
        place = start[i]
        kept = 0
        for _ in range(most):
            if kept == quota:
                break
            there = ring[place]
            if barred[there] != i:
                mine[end] = me
                found[end] = there
                end += 1
                kept += 1
            place += 1
            if place == len(ring):
                place = 0
    return mine[:end], found[:end]


def _closest(
    rows: Any,
    start: Any,
    end: Any,
    other: Any,
    score: Any,
    looked: Any,
    rank: Any,
    ruled_ptr: Any,
    ruled_to: Any,
    quota: Any,
) -> Any:
    """Of every row's list, others from `start` to `end`, the `quota` of highest score; equals by rank.

    Of those `looked` among, without whom the row rules out.
    """
    size = len(rank)
    barred = np.full(size, -1, np.int64)
    keys = np.empty(quota, np.int64)
    best = np.empty(quota, np.int64)
    mine = np.empty(len(rows) * quota, np.int64)
    found = np.empty(len(rows) * quota, np.int64)
    total = 0
    for i in range(len(rows)):
        bar(barred, i, rows[i], ruled_ptr, ruled_to)
        kept = 0
        for k in range(start[i], end[i]):
            there = other[k]
            if looked[there] and barred[there] != i:
                kept = keep(keys, best, kept, score[k] * size - rank[there], there)
        total = listed(mine, found, total, rows[i], best, kept)
    return mine[:total].copy(), found[:total].copy()


closest = Compiled(_closest)
foremost = Compiled(_foremost)
following = Compiled(_following)
