"""Compiled: who is two ties from a member, and what flows along two and three ties to them.

One member at a time, so the cost is the ties walked, and memory one row of the network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.compiled import Compiled

EVERY_TIE = 1 << 31  # more than anybody has: those of everybody are followed


def _walk(
    one_ptr: Any,
    one_to: Any,
    one: Any,
    two_ptr: Any,
    two_to: Any,
    two: Any,
    back_ptr: Any,
    back_to: Any,
    back: Any,
    members: Any,
    starts: Any,
    candidates: Any,
    second: Any,
    third: Any,
) -> None:
    """second[k] = (one two)[member, candidate]; third[k] = (one two back^T)[member, candidate]."""
    reached = np.zeros(len(two_ptr) - 1)
    for i in range(len(members)):
        member = members[i]
        for j in range(one_ptr[member], one_ptr[member + 1]):
            middle, amount = one_to[j], one[j]
            for k in range(two_ptr[middle], two_ptr[middle + 1]):
                reached[two_to[k]] += amount * two[k]
        for k in range(starts[i], starts[i + 1]):
            candidate = candidates[k]
            second[k] = reached[candidate]
            total = 0.0
            for j in range(back_ptr[candidate], back_ptr[candidate + 1]):
                total += reached[back_to[j]] * back[j]
            third[k] = total
        for j in range(one_ptr[member], one_ptr[member + 1]):
            for k in range(two_ptr[one_to[j]], two_ptr[one_to[j] + 1]):
                reached[two_to[k]] = 0.0


def _within(
    members: Any, pointer: Any, to: Any, most: Any, warm: Any, every: Any, hub_ties: Any
) -> Any:
    """Who is two ties from members[i], ascending: where each list begins, and the lists.

    Of more than `most` those of most resource allocation; of equals the earlier. If `every`: all
    those of `warm` whom they do not know. Ties of one with more than `hub_ties` are not followed.
    """
    size = len(pointer) - 1
    value = np.zeros(size)
    state = np.full(size, -1, np.int64)
    near = np.empty(size, np.int64)
    starts = np.zeros(len(members) + 1, np.int64)
    room = len(warm) if every else min(most, size)
    found = np.empty(max(len(members) * room, 1), np.int64)
    end = 0
    for i in range(len(members)):
        a = members[i]
        if every:
            state[a] = i
            for e in range(pointer[a], pointer[a + 1]):
                state[to[e]] = i
            for b in warm:
                if state[b] != i:
                    found[end] = b
                    end += 1
            starts[i + 1] = end
            continue
        count = 0
        for e in range(pointer[a], pointer[a + 1]):
            z = to[e]
            ties = pointer[z + 1] - pointer[z]
            if ties > hub_ties:
                continue
            share = 1.0 / ties
            for f in range(pointer[z], pointer[z + 1]):
                b = to[f]
                if state[b] != i:
                    state[b] = i
                    value[b] = 0.0
                    near[count] = b
                    count += 1
                value[b] += share
        value[a] = 0.0
        for e in range(pointer[a], pointer[a + 1]):
            if state[to[e]] == i:
                value[to[e]] = 0.0
        kept = 0
        for t in range(count):
            if value[near[t]] > 0.0:
                near[kept] = near[t]
                kept += 1
        those = np.sort(near[:kept])
        if kept > most:
            order = np.argsort(-value[those], kind="mergesort")
            those = np.sort(those[order[:most]])
        for b in those:
            found[end] = b
            end += 1
        starts[i + 1] = end
    return starts, found[:end].copy()


_compiled = Compiled(_walk)
within = Compiled(_within)


def walk(
    one: csr_array,
    two: csr_array,
    three: csr_array | None,
    *,
    members: Ints,
    starts: Ints,
    candidates: Ints,
) -> tuple[Floats, Floats]:
    """(one two) and (one two three) at (member i, candidates[starts[i]:starts[i + 1]])."""
    second, third = np.zeros(len(candidates)), np.zeros(len(candidates))
    back = csr_array(one.shape) if three is None else csr_array(three.T)
    parts = [
        part
        for matrix in (one, two, back)
        for part in (
            matrix.indptr.astype(np.int64),
            matrix.indices.astype(np.int64),
            matrix.data.astype(np.float64),
        )
    ]
    _compiled(*parts, members, starts, candidates, second, third)
    return second, third
