"""Compiled searches over sparse rows: whose products are foremost, who comes next in a ring.

One row at a time, in a fixed order and on one thread: the same bytes everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled


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
    """Of every item the `quota` members with most of (left right)[item], summed by `group`.

    In millionths and above none; equals by `rank`; without the item's owner and whom theirs rules out.
    """
    size = len(rank)
    sums = np.zeros(len(group))
    seen = np.full(len(group), -1, np.int64)
    totals = np.zeros(size)
    met = np.full(size, -1, np.int64)
    barred = np.full(size, -1, np.int64)
    touched = np.empty(len(group), np.int64)
    members = np.empty(size, np.int64)
    keys = np.empty(quota, np.int64)
    best = np.empty(quota, np.int64)
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
                if seen[there] != i:
                    seen[there] = i
                    sums[there] = 0.0
                    touched[count] = there
                    count += 1
                sums[there] += amount * right[k]
        reached = 0
        for t in range(count - 1, -1, -1):
            member = group[touched[t]]
            if met[member] != i:
                met[member] = i
                totals[member] = 0.0
                members[reached] = member
                reached += 1
            totals[member] += sums[touched[t]]
        me = owner[i]
        barred[me] = i
        for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
            barred[ruled_to[k]] = i
        kept = 0
        for t in range(reached):
            member = members[t]
            score = np.int64(np.rint(totals[member] * 1000000))
            if score <= 0 or barred[member] == i:
                continue
            key = score * size - rank[member]
            if kept == quota:
                if quota == 0 or key <= keys[kept - 1]:
                    continue
                kept -= 1
            place = kept
            while place > 0 and keys[place - 1] < key:
                keys[place] = keys[place - 1]
                best[place] = best[place - 1]
                place -= 1
            keys[place] = key
            best[place] = member
            kept += 1
        for t in range(kept):
            rows[end] = me
            found[end] = best[t]
            end += 1
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
        barred[me] = i
        for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
            barred[ruled_to[k]] = i
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


def _in_common(ptr: Any, to: Any, a: Any, b: Any) -> Any:
    """How many columns, ascending in each row, the rows a[k] and b[k] share."""
    counts = np.zeros(len(a), np.int64)
    for k in range(len(a)):
        i, j = ptr[a[k]], ptr[b[k]]
        end_i, end_j = ptr[a[k] + 1], ptr[b[k] + 1]
        count = 0
        while i < end_i and j < end_j:
            one, other = to[i], to[j]
            count += one == other
            i += one <= other
            j += other <= one
        counts[k] = count
    return counts


def _likest(
    givers: Any,
    takers: Any,
    offer_first: Any,
    offer_ptr: Any,
    offer_to: Any,
    offers: Any,
    need_first: Any,
    need_ptr: Any,
    need_to: Any,
    needs: Any,
) -> Any:
    """Of every pair the offer of the one and the need of the other of highest cosine, -1 for none."""
    cosine = np.zeros(len(givers))
    offer = np.full(len(givers), -1, np.int64)
    need = np.full(len(givers), -1, np.int64)
    for k in range(len(givers)):
        for given in range(offer_first[givers[k]], offer_first[givers[k] + 1]):
            for wanted in range(need_first[takers[k]], need_first[takers[k] + 1]):
                i, j = offer_ptr[given], need_ptr[wanted]
                total = 0.0
                while i < offer_ptr[given + 1] and j < need_ptr[wanted + 1]:
                    one, other = offer_to[i], need_to[j]
                    if one == other:
                        total += offers[i] * needs[j]
                    i += one <= other
                    j += other <= one
                if offer[k] < 0 or total > cosine[k]:
                    cosine[k] = total
                    offer[k] = given
                    need[k] = wanted
    return cosine, offer, need


foremost = Compiled(_foremost)
following = Compiled(_following)
in_common = Compiled(_in_common)
likest = Compiled(_likest)
