"""Compiled searches over sparse rows: whose products are foremost, who comes next in a ring.

One row at a time, in a fixed order, whichever block of rows a core is given: the same bytes everywhere.
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
    size, alone = len(rank), len(group) == 0  # each column is a member
    width = size if alone else len(group)
    sums = np.zeros(width)
    seen = np.full(width, -1, np.int32)
    totals = np.zeros(size)
    met = np.full(size, -1, np.int32)
    barred = np.full(size, -1, np.int32)
    touched = np.empty(width, np.int32)
    members = np.empty(size, np.int32)
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
        barred[me] = i
        for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
            barred[ruled_to[k]] = i
        reached, amounts, those = count, sums, touched
        if not alone:
            reached, amounts, those = 0, totals, members
            for t in range(count - 1, -1, -1):
                member = group[touched[t]]
                if met[member] == i:
                    totals[member] += sums[touched[t]]
                else:
                    met[member] = i
                    totals[member] = sums[touched[t]]
                    members[reached] = member
                    reached += 1
        kept = 0
        floor = 0.0  # what is less is surely not among the best
        for t in range(reached):
            member = those[t]
            amount = amounts[member]
            if amount < floor or barred[member] == i:
                continue
            score = np.int64(np.rint(amount * 1000000))
            key = score * size - rank[member]
            if score <= 0 or (kept == quota and (quota == 0 or key <= keys[kept - 1])):
                continue
            place = min(kept, quota - 1)
            while place > 0 and keys[place - 1] < key:
                keys[place] = keys[place - 1]
                best[place] = best[place - 1]
                place -= 1
            keys[place] = key
            best[place] = member
            kept = min(kept + 1, quota)
            if kept == quota:
                floor = ((keys[kept - 1] + size - 1) // size - 1) / 1000000
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
    keys = np.empty(quota + 1, np.int64)
    best = np.empty(quota + 1, np.int64)
    mine = np.empty(len(rows) * quota, np.int64)
    found = np.empty(len(rows) * quota, np.int64)
    total = 0
    for i in range(len(rows)):
        for k in range(ruled_ptr[rows[i]], ruled_ptr[rows[i] + 1]):
            barred[ruled_to[k]] = i
        kept = 0
        for k in range(start[i], end[i]):
            there = other[k]
            key = score[k] * size - rank[there]
            if not looked[there] or barred[there] == i or (kept == quota and key <= keys[kept - 1]):
                continue
            place = min(kept, quota - 1)
            while place > 0 and keys[place - 1] < key:
                keys[place] = keys[place - 1]
                best[place] = best[place - 1]
                place -= 1
            keys[place] = key
            best[place] = there
            kept = min(kept + 1, quota)
        for t in range(kept):
            mine[total] = rows[i]
            found[total] = best[t]
            total += 1
    return mine[:total].copy(), found[:total].copy()


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


def _acquainted(
    link_ptr: Any,
    link_to: Any,
    weight_ptr: Any,
    weight_to: Any,
    weight: Any,
    a: Any,
    b: Any,
    most: Any,
) -> Any:
    """For every pair the `most` whom both link to, by the weaker of their two ties, -1 for none.

    A weight of w is a tie of strength w / (1 - w), compared in millionths; equals in order. Every
    link has its weight, and columns ascend.
    """
    found = np.full((len(a), most), -1, np.int64)
    keys = np.empty(most, np.int64)
    for k in range(len(a)):
        i, j = link_ptr[a[k]], link_ptr[b[k]]
        p, q = weight_ptr[a[k]], weight_ptr[b[k]]
        end_i, end_j = link_ptr[a[k] + 1], link_ptr[b[k] + 1]
        kept = 0
        while i < end_i and j < end_j:
            one, other = link_to[i], link_to[j]
            if one == other:
                while weight_to[p] < one:
                    p += 1
                while weight_to[q] < one:
                    q += 1
                weaker = min(weight[p], weight[q])
                key = np.int64(weaker / (1.0 - weaker) * 1000000)
                if kept < most or key > keys[most - 1]:
                    place = min(kept, most - 1)
                    while place > 0 and keys[place - 1] < key:
                        keys[place] = keys[place - 1]
                        found[k, place] = found[k, place - 1]
                        place -= 1
                    keys[place] = key
                    found[k, place] = one
                    kept = min(kept + 1, most)
            i += one <= other
            j += other <= one
    return found


acquainted = Compiled(_acquainted)
closest = Compiled(_closest)
foremost = Compiled(_foremost)
following = Compiled(_following)
in_common = Compiled(_in_common)
likest = Compiled(_likest)
