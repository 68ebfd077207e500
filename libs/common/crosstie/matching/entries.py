"""Compiled: ties as the entries of a symmetric sparse matrix, without sorting: they come in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import find


def _begin(a: Any, b: Any, pointer: Any) -> None:
    """Where the entries of each member begin, and the end, of pairs a[k], b[k]; `pointer` is all 0."""
    for k in range(len(a)):
        pointer[a[k] + 1] += 1
        pointer[b[k] + 1] += 1
    for i in range(len(pointer) - 1):
        pointer[i + 1] += pointer[i]


def _both_ways(a: Any, b: Any, size: Any) -> Any:
    """Row pointers, columns, and the tie of every entry, for ties a[k] < b[k], ascending by both.

    The columns of a row ascend: those below it come as `b`, in the order of their `a`, then the rest.
    """
    pointer = np.zeros(size + 1, np.int32)
    begin(a, b, pointer)
    end = pointer[:-1].copy()
    to = np.empty(2 * len(a), np.int32)
    tie = np.empty(2 * len(a), np.int32)
    for k in range(len(a)):
        place = end[b[k]]
        to[place] = a[k]
        tie[place] = k
        end[b[k]] += 1
    for k in range(len(a)):
        place = end[a[k]]
        to[place] = b[k]
        tie[place] = k
        end[a[k]] += 1
    return pointer, to, tie


def _places(one: Any, other: Any, pointer: Any, to: Any, tie: Any) -> Any:
    """The tie of each pair, in either order; -1 for those that have none."""
    found = np.empty(len(one), np.int64)
    for k in range(len(one)):
        place = find(to, pointer[one[k]], pointer[one[k] + 1], other[k])
        found[k] = tie[place] if place >= 0 else -1
    return found


begin = Compiled(_begin)
both_ways = Compiled(_both_ways)
places = Compiled(_places)
