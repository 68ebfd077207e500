"""Ties as a graph over member indices: who met whom and how strongly, now.

Adamic and Adar, Friends and neighbors on the Web, Social Networks 25 (2003).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.network.state import Tie
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


def graph(network: Network, at: int) -> Graph:
    """The graph of `network` at `at`."""
    index = {subject: i for i, subject in enumerate(network.subjects)}
    met = [tie for tie in network.contacts if tie.met]
    a, b = _ends(met, index)
    leading = [
        tie for tie in network.contacts if network.eligible(tie.a) and network.eligible(tie.b)
    ]
    one, other = _ends(leading, index)
    value = np.fromiter((tie.strength.value for tie in leading), dtype=np.float64)
    since = np.fromiter((tie.strength.at for tie in leading), dtype=np.int64)
    direct = np.fromiter((tie.met for tie in leading), dtype=np.bool_)
    by_a = np.fromiter((tie.started_by_a for tie in met), dtype=np.int64)
    by_b = np.fromiter((tie.started_by_b for tie in met), dtype=np.int64)
    now = value * np.exp2(-np.maximum(at - since, 0) / HALF_LIFE_US)
    size = len(index)
    return Graph(
        a=a,
        b=b,
        last=np.fromiter((tie.last_met or 0 for tie in met), dtype=np.int64),
        effort=(by_a - by_b) / np.maximum(by_a + by_b, 1),
        contacts=np.fromiter((sum(tie.contacts.values()) for tie in met), dtype=np.int64),
        weights=symmetric(one, other, np.maximum(now / (1.0 + now), 1e-9), size),
        links=symmetric(one[direct], other[direct], np.ones(np.count_nonzero(direct)), size),
    )


def _ends(ties: Sequence[Tie], index: Mapping[str, int]) -> tuple[Ints, Ints]:
    a = np.fromiter((index[tie.a] for tie in ties), dtype=np.int64)
    b = np.fromiter((index[tie.b] for tie in ties), dtype=np.int64)
    return a, b


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


def strongest(weights: csr_array, most: int) -> csr_array:
    """`weights` with at most `most` entries a row: the largest, the earlier column among equals."""
    degree = np.diff(weights.indptr)
    if len(degree) == 0 or degree.max() <= most:
        return weights
    keep = np.ones(weights.nnz, dtype=np.bool_)
    for row in np.flatnonzero(degree > most):
        low, high = weights.indptr[row], weights.indptr[row + 1]
        order = np.argsort(-weights.data[low:high], kind="stable")
        keep[low + order[most:]] = False
    row_of = np.repeat(np.arange(len(degree)), degree)[keep]
    return csr_array((weights.data[keep], (row_of, weights.indices[keep])), shape=weights.shape)
