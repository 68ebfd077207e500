"""Compiled: whom a member may reach, with what the two share; the best of those looked at."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints, Places
from crosstie.matching.compiled import Compiled


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


def _within_reach(
    rows: Any, more: Any, reach: Any, needs: Any, offers: Any, ruled_ptr: Any, ruled_to: Any
) -> Any:
    """Row number, member looked at, contacts shared, and how like their offers and needs are to mine.

    These are who answers in words, who shares contacts (most, if these are many), and `more`: of row
    i those in more[i], or of all rows those in more[0].
    """
    size = len(reach.looked)
    state = np.full(size, -1, np.int64)  # row number << 1; + 1 once looked at
    barred = np.full(size, -1, np.int64)
    touched = np.empty(size, np.int64)
    shared = np.zeros(size, np.int64)
    cosine = np.zeros((2, size))
    room = max(len(needs.owner), len(offers.owner))
    sums = np.zeros(room)
    items = np.empty(room, np.int64)
    having = np.zeros(256, np.int64)
    number = np.empty(len(rows) * reach.most, np.int64)
    member = np.empty(len(number), np.int64)
    mutual = np.empty(len(number), np.int64)
    gets = np.empty(len(number))
    gives = np.empty(len(number))
    end = 0
    for i in range(len(rows)):
        me = rows[i]
        barred[me] = i
        for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
            barred[ruled_to[k]] = i
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
                    b = words.owner[items[t]]
                    if np.rint(amount * 1000000) < reach.least:
                        continue
                    if state[b] >> 1 != i:
                        state[b] = i << 1
                        touched[count] = b
                        count += 1
                    cosine[side, b] = max(cosine[side, b], amount)
        for j in range(reach.link_ptr[me], reach.link_ptr[me + 1]):
            z = reach.link_to[j]
            for k in range(reach.onward_ptr[z], reach.onward_ptr[z + 1]):
                b = reach.onward_to[k]
                if state[b] >> 1 != i:
                    state[b] = i << 1
                    touched[count] = b
                    count += 1
                shared[b] += 1
        having[:] = 0
        for t in range(count):
            b = touched[t]
            if reach.looked[b] and barred[b] != i:
                having[min(shared[b], 255)] += 1
        floor, near = 256, 0
        while floor > 1 and near + having[floor - 1] <= reach.most_near:
            floor -= 1
            near += having[floor]
        limit = end + reach.most
        others = more[i % len(more)]
        for t in range(count + len(others)):
            b = touched[t] if t < count else others[t - count]
            if barred[b] == i or not reach.looked[b] or state[b] == (i << 1) + 1 or end == limit:
                continue
            if t < count and shared[b] < floor and cosine[0, b] == 0.0 and cosine[1, b] == 0.0:
                continue
            state[b] = (i << 1) + 1
            number[end] = i
            member[end] = b
            mutual[end] = shared[b]
            gets[end] = cosine[0, b]
            gives[end] = cosine[1, b]
            end += 1
        for t in range(count):
            b = touched[t]
            shared[b] = 0
            cosine[0, b] = 0.0
            cosine[1, b] = 0.0
    return number[:end], member[:end], mutual[:end], gets[:end], gives[:end]


def _best(number: Any, member: Any, score: Any, rank: Any, quota: Any) -> Any:
    """Of every row number, in one piece each, the places of its `quota` highest scores; equals by rank."""
    keys = np.empty(quota + 1, np.int64)
    best = np.empty(quota + 1, np.int64)
    found = np.empty(len(number), np.int64)
    size = len(rank)
    end, kept = 0, 0
    for t in range(len(number)):
        key = score[t] * size - rank[member[t]]
        if kept < quota or key > keys[kept - 1]:
            place = min(kept, quota - 1)
            while place > 0 and keys[place - 1] < key:
                keys[place] = keys[place - 1]
                best[place] = best[place - 1]
                place -= 1
            keys[place] = key
            best[place] = t
            kept = min(kept + 1, quota)
        if t + 1 == len(number) or number[t + 1] != number[t]:
            for k in range(kept):
                found[end] = best[k]
                end += 1
            kept = 0
    return found[:end]


within_reach = Compiled(_within_reach)
best = Compiled(_best)
