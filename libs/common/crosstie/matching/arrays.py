"""Shared small things about arrays: their types, keys of pairs, places in order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Places = NDArray[np.int32]
Draws = NDArray[np.uint64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MILLION = 1_000_000


def millionths(values: Floats) -> Ints:
    """Quantised: floats are never compared as they are."""
    scaled: Floats = np.asarray(np.multiply(values, MILLION, dtype=np.float64))
    return np.rint(scaled, out=scaled).astype(np.int64)


def sparse(matrix: csr_array) -> tuple[Places, Places, Floats]:
    """Row pointers, columns and values, as kernels take them."""
    pointers = matrix.indptr.astype(np.int32, copy=False)
    return pointers, matrix.indices.astype(np.int32, copy=False), matrix.data


def keys_of(a: Ints, b: Ints, size: int) -> Ints:
    """One integer per unordered pair of indices below `size`."""
    return np.minimum(a, b) * size + np.maximum(a, b)


def contains(keys: Ints, wanted: Ints) -> Bools:
    """Which of `wanted` are in `keys`, ascending."""
    if len(keys) == 0:
        return np.zeros(wanted.shape, dtype=np.bool_)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Bools = keys[place] == wanted
    return found


def ranks(drawn: Draws) -> Ints:
    """The place of each in ascending order; equals as they come."""
    # five times as fast as the stable one, and the same where none are equal
    order = np.argsort(drawn)
    ascending = drawn[order]
    if (ascending[1:] == ascending[:-1]).any():
        order = np.argsort(drawn, kind="stable")
    places = np.empty(len(drawn), dtype=np.int64)
    places[order] = np.arange(len(drawn))
    return places
