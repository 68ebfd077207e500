"""What every source is asked: whom to search for, among whom, and never which pairs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Bools, Draws, Ints, Places, sparse
from crosstie.matching.blocks import in_blocks
from crosstie.matching.entries import both_ways
from crosstie.matching.graph import Graph
from crosstie.matching.people import People
from crosstie.matching.sources import kernels

Found = tuple[Ints, Ints]  # row member, column member
NOBODY: Found = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))

_AT_ONCE = 1 << 12  # rows of a product


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to search for, among whom, never which pairs; `order` is the draw of every member."""

    people: People
    graph: Graph
    rows: Ints  # members to serve that have a free slot
    columns: Ints  # everyone with a free slot
    drawn: Ints  # the same in the order of their draws
    ruled_out: csr_array  # by member, with whom they are never paired; symmetric
    order: Draws
    rank: Ints  # place of every member in the order of their draws

    @property
    def looked_among(self) -> Bools:
        """By member, whether they are in `columns`."""
        return masked(self.columns, len(self.people))

    @property
    def barred(self) -> tuple[Places, Places]:
        """`ruled_out` as kernels take it."""
        pointer, others, _ = sparse(self.ruled_out)
        return pointer, others


Source = Callable[[Search, int], Found]  # with how many each member gets at most


def ruled_out(pairs: Ints, size: int) -> csr_array:
    """The keys of `pairs` as a symmetric matrix."""
    pairs = np.sort(pairs, kind="stable")  # quick where they are some ascending runs
    pairs = pairs[np.concatenate([pairs[:1] == pairs[:1], pairs[1:] != pairs[:-1]])]
    pointer, to, _ = both_ways(pairs // max(size, 1), pairs % max(size, 1), size)
    return csr_array((np.ones(len(to), dtype=np.int8), to, pointer), shape=(size, size))


def masked(members: Ints, size: int) -> Bools:
    """By member, whether they are among `members`."""
    mask = np.zeros(size, dtype=np.bool_)
    mask[members] = True
    return mask


def kept(matrix: csr_array, keep: Bools) -> csr_array:
    """`matrix` with some of its entries."""
    ends = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr].astype(matrix.indptr.dtype)
    return csr_array((matrix.data[keep], matrix.indices[keep], ends), shape=matrix.shape)


def among(matrix: csr_array, columns: Bools) -> csr_array:
    """`matrix` without the other columns."""
    return kept(matrix, columns[matrix.indices])


def reached(matrix: csr_array, rows: Ints) -> Bools:
    """Which columns the `rows` of `matrix` have."""
    mask = np.zeros(matrix.shape[1], dtype=np.bool_)
    mask[matrix[rows].indices if len(rows) < matrix.shape[0] else matrix.indices] = True
    return mask


def foremost(
    search: Search,
    asked: Found,
    left: csr_array,
    right: csr_array,
    quota: int,
    group: Ints | None = None,
) -> Found:
    """The `quota` best of (left @ right)[row] for each (row, its owner) asked; equals by their draw.

    Column j is a member, or where `group` is given something of member group[j].
    """
    whose = np.empty(0, dtype=np.int64) if group is None else group
    items, owners = asked
    rest = (*sparse(left), *sparse(right), whose, search.rank, *search.barred, quota)
    parts: list[Found] = in_blocks(
        lambda part: kernels.foremost(items[part], owners[part], *rest), len(items), _AT_ONCE
    )
    owner, found = zip(NOBODY, *parts, strict=True)
    return np.concatenate(owner), np.concatenate(found)


def next_in_ring(search: Search, rows: Ints, ring: Ints, quota: int) -> Found:
    """For every row `quota` of `ring`, some of those drawn in their order, from where its draw points."""
    if len(ring) == 0 or len(rows) == 0 or quota == 0:
        return NOBODY
    start = (search.order[rows] % np.uint64(len(ring))).astype(np.int64)
    most = min(len(ring), 3 * quota + 2)
    mine, met = kernels.following(rows, start, ring, *search.barred, quota, most)
    return mine, met
