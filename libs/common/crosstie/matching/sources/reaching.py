"""Compiled: whom a member may reach, with what the two share; the best of those looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints, Places
from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import keep


class Words(NamedTuple):
    """Items of the rows by member, and by word the items that may answer them."""

    first: Ints
    ptr: Places
    to: Places
    value: Floats
    by_ptr: Places
    by_to: Places
    by_value: Floats
    owner: Ints


class Reach(NamedTuple):
    """Ties in two steps, and how many to look at among whom."""

    link_ptr: Places
    link_to: Places
    onward_ptr: Places
    onward_to: Places
    looked: Bools  # among whom
    most: int  # are looked at
    most_near: int  # for the contacts they share
    least: int  # likeness that counts, millionths


STATE, BARRED, SHARED, LOOKED = range(4)


class Scratch(NamedTuple):
    """Room to note things by member, for one core; made once, as it is as large as the network."""

    marks: Places  # by member, then by STATE (row << 1, + 1 once looked at) and so on
    cosine: Floats  # of what they offer and of what they need with mine; 0 between rows
    touched: Places
    sums: Floats  # by item; 0 between rows
    items: Places


def scratch(reach: Reach, needs: Words, offers: Words) -> Scratch:
    """Room for rows of one search: a row's number may come once."""
    size, items = len(reach.looked), max(len(needs.owner), len(offers.owner))
    marks = np.full((size, 4), -1, dtype=np.int32)
    marks[:, SHARED], marks[:, LOOKED] = 0, reach.looked
    return Scratch(
        marks,
        np.zeros((size, 2)),
        np.empty(size, dtype=np.int32),
        np.zeros(items),
        np.empty(items, dtype=np.int32),
    )


def _within_reach(
    rows: Any,
    more: Any,
    reach: Any,
    needs: Any,
    offers: Any,
    ruled_ptr: Any,
    ruled_to: Any,
    room: Any,
) -> Any:
    """Row number, member looked at, contacts shared, and how like their offers and needs are to mine.

    These are who answers in words, who shares contacts (most, if these are many), and `more`: of row
    i those in more[i], or of all rows those in more[0].
    """
    marks, cosine, touched, sums, items = room
    having = np.zeros(256, np.int64)
    number = np.empty(len(rows) * reach.most, np.int32)
    member = np.empty(len(number), np.int32)
    mutual = np.empty(len(number), np.int32)
    gets = np.empty(len(number))
    gives = np.empty(len(number))
    end = 0
    for i in range(len(rows)):
        me = rows[i]
        marks[me, BARRED] = me
        for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
            marks[ruled_to[k], BARRED] = me
        count = 0
        for side in range(2):
            words = needs if side == 0 else offers
            for item in range(words.first[me], words.first[me + 1]):
                last = 0
                for j in range(words.ptr[item], words.ptr[item + 1]):
                    word = words.to[j]
                    for k in range(words.by_ptr[word], words.by_ptr[word + 1]):
                        there = words.by_to[k]
                        if sums[there] == 0.0:
                            items[last] = there
                            last += 1
                        sums[there] += words.value[j] * words.by_value[k]
                for t in range(last):
                    amount = sums[items[t]]
                    sums[items[t]] = 0.0
                    if np.rint(amount * 1000000) < reach.least:
                        continue
                    b = words.owner[items[t]]
                    if marks[b, STATE] >> 1 != me:
                        marks[b, STATE] = me << 1
                        touched[count] = b
                        count += 1
                    cosine[b, side] = max(cosine[b, side], amount)
        for j in range(reach.link_ptr[me], reach.link_ptr[me + 1]):
            z = reach.link_to[j]
            for k in range(reach.onward_ptr[z], reach.onward_ptr[z + 1]):
                b = reach.onward_to[k]
                if marks[b, STATE] >> 1 != me:
                    marks[b, STATE] = me << 1
                    touched[count] = b
                    count += 1
                marks[b, SHARED] += 1
        having[:] = 0
        for t in range(count):
            b = touched[t]
            if marks[b, LOOKED] == 1 and marks[b, BARRED] != me:
                having[min(marks[b, SHARED], 255)] += 1
        floor, near = 256, 0
        while floor > 1 and near + having[floor - 1] <= reach.most_near:
            floor -= 1
            near += having[floor]
        limit = end + reach.most
        others = more[i % len(more)]
        for t in range(count + len(others)):
            if end == limit:
                break
            b = touched[t] if t < count else others[t - count]
            seen = marks[b, STATE] == (me << 1) + 1
            if seen or marks[b, BARRED] == me or marks[b, LOOKED] != 1:
                continue
            far = marks[b, SHARED] < floor
            if t < count and far and cosine[b, 0] == 0.0 and cosine[b, 1] == 0.0:
                continue
            marks[b, STATE] = (me << 1) + 1
            number[end] = i
            member[end] = b
            mutual[end] = marks[b, SHARED]
            gets[end] = cosine[b, 0]
            gives[end] = cosine[b, 1]
            end += 1
        for t in range(count):
            b = touched[t]
            marks[b, SHARED] = 0
            cosine[b, 0] = 0.0
            cosine[b, 1] = 0.0
    return number[:end], member[:end], mutual[:end], gets[:end], gives[:end]


def _best(number: Any, member: Any, worth: Any, price: Any, rank: Any, quota: Any) -> Any:
    """Of every row number, in one piece each, the places of its `quota` best, of some worth.

    By worth above price, in millionths; equals by rank.
    """
    keys = np.empty(quota, np.int64)
    best = np.empty(quota, np.int64)
    found = np.empty(len(number), np.int64)
    size = len(rank)
    end, kept = 0, 0
    floor = -np.inf  # what is less is surely not among the best
    for t in range(len(number)):
        above = worth[t] - price[member[t]]
        if worth[t] > 0.0 and above >= floor:
            key = np.int64(np.rint(above * 1000000)) * size - rank[member[t]]
            kept = keep(keys, best, kept, key, t)
            if kept == quota:
                floor = ((keys[kept - 1] + size - 1) // size - 1) / 1000000
        if t + 1 == len(number) or number[t + 1] != number[t]:
            for k in range(kept):
                found[end] = best[k]
                end += 1
            kept = 0
            floor = -np.inf
    return found[:end]


within_reach = Compiled(_within_reach)
best = Compiled(_best)
