"""Ties as a graph over member indices: who met whom and how strongly, now.

Adamic and Adar, Friends and neighbors on the Web, Social Networks 25 (2003).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from crosstie.matching.arrays import Bools, Floats, Ints, keys_of
from crosstie.matching.contacts import Columns, Contacts
from crosstie.network.strength import HALF_LIFE_US
from crosstie.network.view import Network


@dataclass(frozen=True, slots=True)
class Graph:
    """Ties of known people who have met: tie k is (a[k], b[k]), a < b, ascending; none is blocked.

    The matrices lead from one to another, so they hold only ties of people who may be named.
    """

    a: Ints
    b: Ints
    last: Ints  # when they last met
    effort: Floats  # -1: all started by b, +1: all by a, 0 balanced or not said
    contacts: Ints
    weights: csr_array  # symmetric; saturating strength now, above 0 and below 1; any contact
    links: csr_array  # symmetric; 1 where they met
    blocked: Ints  # keys of pairs who want no suggestion with each other, ascending


def graph(network: Network, at: int, contacts: Contacts | None = None) -> Graph:
    """The graph of `network` at `at`; `contacts`, where they are at hand, are its ties' columns."""
    contacts = contacts or Contacts.of(network.ties)
    index = {subject: i for i, subject in enumerate(network.subjects)}
    eligible = np.array([network.eligible(subject) for subject in network.subjects], dtype=np.bool_)
    return led(*contacts.between(index), eligible, at)


def led(columns: Columns, one: Ints, other: Ints, eligible: Bools, at: int) -> Graph:
    """The graph of ties between one[k] and other[k], of whom `eligible` may be named."""
    size = len(eligible)
    contact = columns.contact & ~columns.blocked
    met = contact & columns.met
    by_a, by_b = columns.by_a[met], columns.by_b[met]
    leading = contact.copy()
    leading[contact] = eligible[one[contact]] & eligible[other[contact]]
    since = np.maximum(at - columns.since[leading], 0)
    now = columns.strength[leading] * np.exp2(-since / HALF_LIFE_US)
    a, b = one[leading], other[leading]
    weights = symmetric(a, b, np.maximum(now / (1.0 + now), 1e-9), size)
    direct = columns.met[leading]
    return Graph(
        a=one[met],
        b=other[met],
        last=columns.last_met[met],
        effort=(by_a - by_b) / np.maximum(by_a + by_b, 1),
        contacts=columns.contacts[met],
        weights=weights,
        links=symmetric(a[direct], b[direct], np.ones(np.count_nonzero(direct)), size),
        blocked=keys_of(one[columns.blocked], other[columns.blocked], size),
    )


def symmetric(a: Ints, b: Ints, values: Floats, size: int) -> csr_array:
    """The sparse matrix with `values` at (a, b) and at (b, a)."""
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    matrix = csr_array((np.concatenate([values, values]), (rows, columns)), shape=(size, size))
    matrix.sort_indices()
    return matrix


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


def strongest(weights: csr_array, most: int, rank: Ints | None = None) -> csr_array:
    """`weights` with at most `most` entries a row: the largest; of equals the column of least rank.

    Without a `rank` that is the earlier column.
    """
    degree = np.diff(weights.indptr)
    if len(degree) == 0 or degree.max() <= most:
        return weights
    keep = np.ones(weights.nnz, dtype=np.bool_)
    for row in np.flatnonzero(degree > most):
        low, high = weights.indptr[row], weights.indptr[row + 1]
        columns, values = weights.indices[low:high], weights.data[low:high]
        order = np.lexsort((columns if rank is None else rank[columns], -values))
        keep[low + order[most:]] = False
    row_of = np.repeat(np.arange(len(degree)), degree)[keep]
    return csr_array((weights.data[keep], (row_of, weights.indices[keep])), shape=weights.shape)
