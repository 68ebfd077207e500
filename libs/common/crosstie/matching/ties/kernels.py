"""Compiled: what flows along two and three ties from a member to each candidate of their list.

One member at a time, so the cost is the ties walked, and memory one row of the network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.compiled import Compiled


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


_compiled = Compiled(_walk)


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
