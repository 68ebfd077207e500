"""Compiled: pairs as seen from their ends: sums, lists and the likeliest of every member."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.arrays import Floats, Places
from crosstie.matching.blocks import in_blocks
from crosstie.matching.compiled import Compiled
from crosstie.matching.entries import begin

_AT_ONCE = 1 << 20  # pairs


def pulled(a: Places, b: Places, pull: Floats, root: Floats) -> Floats:
    """By member, the sum over their pairs (a[k], b[k]) of pull[k] times the other's root.

    Added up part by part: the same sums on any number of cores.
    """
    parts = in_blocks(lambda part: _pulls(a[part], b[part], pull[part], root), len(a), _AT_ONCE)
    total = np.zeros(len(root))
    for part in parts:
        total += part
    return total


def _pulled(a: Any, b: Any, pull: Any, root: Any) -> Any:
    """Quicker where a[k] stays the same: their sum is at hand; who is both ends has no pull."""
    total = np.zeros(len(root))
    k = 0
    while k < len(a):
        one = a[k]
        mine, so_far = root[one], total[one]
        while k < len(a) and a[k] == one:
            so_far += pull[k] * root[b[k]]
            total[b[k]] += pull[k] * mine
            k += 1
        total[one] = so_far
    return total


def _by_member(a: Any, b: Any, size: Any) -> Any:
    """The pairs of every member, those where they are `a` first, and where each member's begin."""
    first = np.zeros(size + 1, np.int64)
    begin(a, b, first)
    end = first[:-1].copy()
    theirs = np.empty(2 * len(a), np.int32)
    for k in range(len(a)):
        theirs[end[a[k]]] = k
        end[a[k]] += 1
    for k in range(len(a)):
        theirs[end[b[k]]] = k
        end[b[k]] += 1
    return first, theirs


def _likeliest(first: Any, theirs: Any, flow: Any, among: Any, most: Any, kept: Any) -> None:
    """Mark in `kept` the `most` pairs of greatest `flow` of every member, equal ones in order."""
    best = np.empty(most, np.int64)
    for i in range(len(first) - 1):
        count = 0
        for j in range(first[i], first[i + 1]):
            pair = np.int64(theirs[j])
            if not among[pair]:
                continue
            place = count
            while place > 0 and (
                flow[best[place - 1]] < flow[pair]
                or (flow[best[place - 1]] == flow[pair] and best[place - 1] > pair)
            ):
                if place < most:
                    best[place] = best[place - 1]
                place -= 1
            if place < most:
                best[place] = pair
                count = min(count + 1, most)
        for j in range(count):
            kept[best[j]] = True


_pulls = Compiled(_pulled)
by_member = Compiled(_by_member)
likeliest = Compiled(_likeliest)
