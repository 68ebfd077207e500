"""Compiled, pair by pair: what the two have in common in columns, words and contacts."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import keep


def _in_common(ptr: Any, to: Any, width: Any, a: Any, b: Any) -> Any:
    """How many of the `width` columns the rows a[k] and b[k] share; quicker where a[k] stays the same."""
    counts = np.empty(len(a), np.int64)
    mark = np.full(width, -1, np.int32)
    for k in range(len(a)):
        if k == 0 or a[k] != a[k - 1]:
            for i in range(ptr[a[k]], ptr[a[k] + 1]):
                mark[to[i]] = a[k]
        count = 0
        for j in range(ptr[b[k]], ptr[b[k] + 1]):
            count += mark[to[j]] == a[k]
        counts[k] = count
    return counts


def _likest(
    ones: Any,
    others: Any,
    first: Any,
    ptr: Any,
    to: Any,
    value: Any,
    other_first: Any,
    other_ptr: Any,
    other_to: Any,
    other_value: Any,
    words: Any,
) -> Any:
    """Of every pair the items of either of highest cosine (of equals the first), -1 for none.

    Quicker where ones[k] stays the same: each of their items is spread over all `words` once.
    """
    cosine = np.zeros(len(ones))
    mine = np.full(len(ones), -1, np.int64)
    theirs = np.full(len(ones), -1, np.int64)
    spread = np.zeros(words)
    low = 0
    while low < len(ones):
        one, high = ones[low], low + 1
        while high < len(ones) and ones[high] == one:
            high += 1
        for item in range(first[one], first[one + 1]):
            for i in range(ptr[item], ptr[item + 1]):
                spread[to[i]] = value[i]
            for k in range(low, high):
                for there in range(other_first[others[k]], other_first[others[k] + 1]):
                    total = 0.0
                    for j in range(other_ptr[there], other_ptr[there + 1]):
                        total += spread[other_to[j]] * other_value[j]
                    if total > cosine[k]:
                        cosine[k] = total
                        mine[k] = item
                        theirs[k] = there
            for i in range(ptr[item], ptr[item + 1]):
                spread[to[i]] = 0.0
        low = high
    return cosine, mine, theirs


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
                kept = keep(keys, found[k], kept, key, one)
            i += one <= other
            j += other <= one
    return found


acquainted = Compiled(_acquainted)
in_common = Compiled(_in_common)
likest = Compiled(_likest)
