"""Ties as a graph over member indices: who met whom and how strongly, now.

Adamic and Adar, Friends and neighbors on the Web, Social Networks 25 (2003).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_array, diags_array

from crosstie.matching.arrays import Bools, Floats, Ints, Places, keys_of
from crosstie.matching.contacts import Columns, Contacts
from crosstie.matching.entries import both_ways, places
from crosstie.matching.overlaid import Overlaid
from crosstie.network.strength import HALF_LIFE_US
from crosstie.network.view import Network

Pointer = TypeVar("Pointer", Places, Ints)
_FEW = 8  # up to one in so many rows are made alone
TIE = np.dtype(
    [
        ("strength", np.float64),  # as of `since`
        ("since", np.int64),
        ("last", np.int64),  # when they last met; 0: never
        ("effort", np.float64),  # -1: all started by b, +1: all by a, 0 balanced or not said
        ("contacts", np.int64),
        ("met", np.bool_),
    ]
)


@dataclass(frozen=True)  # no slots: what follows is cached on it
class Graph:
    """Ties of people who may be named, and are not blocked, by their entries: from one to the other.

    The columns of a row ascend. A tie of `a` and `b`, a < b, has two entries and one number.
    """

    pointer: Places  # where the entries of every row begin, and the end
    to: Places  # columns
    tie: Places  # numbers
    ties: Overlaid  # TIE by number; of some there is no entry any more
    links: csr_array  # symmetric; 1 where they met
    blocked: Ints  # keys of pairs who want no suggestion with each other, ascending
    at: int

    @property
    def void(self) -> int:
        """How many numbers are of no tie any more: none is given twice."""
        return len(self.ties) - len(self.tie) // 2

    def places(self, one: Ints, other: Ints) -> Ints:
        """The tie of each pair, in either order; -1 for who has not met."""
        found: Ints = places(one, other, self.pointer, self.to, self.tie)
        known = np.flatnonzero(found >= 0)
        found[known[~self.ties[found[known]]["met"]]] = -1
        return found

    @cached_property
    def weights(self) -> csr_array:
        """Symmetric; saturating strength now, above 0 and below 1; any contact."""
        values = self.ties.each(lambda ties: strengths(ties, self.at))[self.tie]
        return csr_array((values, self.to, self.pointer), shape=self.links.shape)

    def weights_of(self, rows: Ints) -> csr_array:
        """The `rows` of the weights in their places; the others may be empty."""
        if "weights" in self.__dict__ or _FEW * len(rows) > self.links.shape[0]:
            return self.weights
        where, pointer = spread(self.pointer, rows)
        values = strengths(self.ties[self.tie[where]], self.at)
        return csr_array((values, self.to[where], pointer), shape=self.links.shape)

    def moved(self, at: int) -> Graph:
        """The same ties at another moment."""
        return self if at == self.at else replace(self, at=at).keeping(self)

    def keeping(self, before: Graph) -> Graph:
        """This, with what was made of the links of `before`, where these are the same."""
        if self.links is before.links:
            self.__dict__["_followed"] = before._followed
        return self

    def followed(self, hub_ties: int) -> csr_array:
        """The links, of whoever has more than `hub_ties` the first of these."""
        if hub_ties not in self._followed:
            self._followed[hub_ties] = strongest(self.links, hub_ties)
        return self._followed[hub_ties]

    @cached_property
    def _followed(self) -> dict[int, csr_array]:
        return {}


def strengths(ties: Any, at: int) -> Floats:
    """Of some ties, at `at`: saturating, above 0 and below 1."""
    since = np.maximum(at - ties["since"], 0)
    now = ties["strength"] * np.exp2(-since / HALF_LIFE_US)
    return np.asarray(np.maximum(now / (1.0 + now), 1e-9))


def spread(pointer: Pointer, rows: Ints) -> tuple[Ints, Pointer]:
    """Where the entries of `rows` are, in order, and pointers by which all other rows are empty."""
    counts = np.zeros(len(pointer) - 1, dtype=pointer.dtype)
    rows = np.unique(rows)
    counts[rows] = pointer[rows + 1] - pointer[rows]
    ends = np.zeros(len(pointer), dtype=pointer.dtype)
    np.cumsum(counts, out=ends[1:])
    starts = np.repeat(pointer[rows] - ends[rows], counts[rows])
    return starts + np.arange(ends[-1]), ends


def of_rows(matrix: csr_array, rows: Ints) -> csr_array:
    """The `rows` of `matrix` in their places, all others empty."""
    where, pointer = spread(matrix.indptr, rows)
    return csr_array((matrix.data[where], matrix.indices[where], pointer), shape=matrix.shape)


def graph(network: Network, at: int, contacts: Contacts | None = None) -> Graph:
    """The graph of `network` at `at`; `contacts`, where they are at hand, are its ties' columns."""
    contacts = contacts or Contacts.of(network.ties)
    index = {subject: i for i, subject in enumerate(network.subjects)}
    eligible = np.array([network.eligible(subject) for subject in network.subjects], dtype=np.bool_)
    return led(*contacts.between(index), eligible, at)


def led(columns: Columns, one: Ints, other: Ints, eligible: Bools, at: int) -> Graph:
    """The graph of ties between one[k] and other[k], of whom `eligible` may be named."""
    size = len(eligible)
    leading = columns.contact & ~columns.blocked & eligible[one] & eligible[other]
    direct = leading & columns.met
    link_pointer, link_to, _ = both_ways(one[direct], other[direct], size)
    pointer, to, tie = both_ways(one[leading], other[leading], size)
    return Graph(
        pointer=pointer,
        to=to,
        tie=tie,
        ties=Overlaid.of(ties_of(columns, leading)),
        links=csr_array(
            (np.ones(len(link_to), dtype=np.int8), link_to, link_pointer), shape=(size, size)
        ),
        blocked=keys_of(one[columns.blocked], other[columns.blocked], size),
        at=at,
    )


def ties_of(columns: Columns, which: Bools | slice = slice(None)) -> Any:
    """TIE of those of the `columns`: one after another, as of millions each takes its share of memory."""
    found = np.empty(len(columns.key[which]), dtype=TIE)
    found["strength"], found["since"] = columns.strength[which], columns.since[which]
    found["last"], found["met"] = columns.last_met[which], columns.met[which]
    found["contacts"] = columns.contacts[which]
    found["effort"] = effort(columns.by_a[which], columns.by_b[which])
    return found


def effort(by_a: Ints, by_b: Ints) -> Floats:
    """The share of contacts that the one started, less the other's."""
    return np.asarray((by_a - by_b) / np.maximum(by_a + by_b, 1))


def onward(weights: csr_array, hub_ties: int) -> csr_array:
    """Ties from every member z on, each divided by ln(degree of z): the second step of Adamic-Adar.

    Of a z with more than `hub_ties` ties only the strongest of these are followed: a hub tells
    little, and would cost its degree squared.
    """
    degree = np.diff(weights.indptr)
    share = np.zeros(len(degree))
    share[degree > 1] = 1.0 / np.log(degree[degree > 1])
    return csr_array(diags_array(share, shape=weights.shape) @ strongest(weights, hub_ties))


def adamic_adar(weights: csr_array, rows: Ints, second: csr_array) -> csr_array:
    """Sum over mutual contacts z of w(row, z) w(z, column) / ln(degree of z).

    `second` is `onward`, or columns of it. With weights of 1 it is the index of the paper.
    """
    return csr_array(weights[rows] @ second)


def _largest(values: Floats, ranks: Ints | Places, most: int) -> Bools:
    """Which `most` of `values` are largest, of equals those of least rank; less work than to sort."""
    last = np.partition(values, -most)[-most] if most > 0 else np.inf
    largest = values > last
    room = most - np.count_nonzero(largest)
    equal = np.flatnonzero(values == last)
    if room < len(equal):
        equal = equal[np.argpartition(ranks[equal], room)[:room]]
    largest[equal] = True
    return largest


def strongest(weights: csr_array, most: int, rank: Ints | None = None) -> csr_array:
    """`weights` with at most `most` entries a row: the largest; of equals the column of least rank.

    Without a `rank` that is the earlier column.
    """
    degree = np.diff(weights.indptr)
    if len(degree) == 0 or degree.max() <= most:
        return weights
    hubs = np.flatnonzero(degree > most)
    keep = np.ones(weights.nnz, dtype=np.bool_)
    for row in hubs:
        low, high = weights.indptr[row], weights.indptr[row + 1]
        columns = weights.indices[low:high]
        ranks = columns if rank is None else rank[columns]
        keep[low:high] = _largest(weights.data[low:high], ranks, most)
    fewer = np.zeros(len(weights.indptr), dtype=weights.indptr.dtype)
    fewer[hubs + 1] = degree[hubs] - most
    ends = weights.indptr - np.cumsum(fewer, dtype=fewer.dtype)
    return csr_array((weights.data[keep], weights.indices[keep], ends), shape=weights.shape)
