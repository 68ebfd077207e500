"""Signals from whom both know, however often they meet.

Adamic and Adar, Social Networks 25 (2003); resource allocation: Zhou, Lü and Zhang, Eur. Phys. J. B
71 (2009); three-step paths: Kovács et al., Nature Communications 10 (2019).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ties.history import History, sparse
from crosstie.matching.ties.lists import Lists, Signals


def inverse(values: Floats, power: float = 1.0) -> Floats:
    """values ** -power, 0 where a value is 0."""
    return np.where(values > 0, np.maximum(values, 1e-12) ** -power, 0.0)


def inverse_log(degree: Floats) -> Floats:
    """Adamic and Adar's weight of someone with so many ties."""
    return np.where(degree > 1, 1 / np.log(np.maximum(degree, 2)), 0.0)


def scaled(matrix: csr_array, left: Floats | None = None, right: Floats | None = None) -> csr_array:
    """diag(left) matrix diag(right)."""
    data = matrix.data
    if left is not None:
        data = data * np.repeat(left, np.diff(matrix.indptr))
    if right is not None:
        data = data * right[matrix.indices]
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def inside(matrix: csr_array, group: Ints) -> csr_array:
    """The ties between two of the same known group."""
    rows = np.repeat(np.arange(len(group)), np.diff(matrix.indptr))
    same = (group[rows] == group[matrix.indices]) & (group[rows] >= 0)
    return sparse(rows[same], matrix.indices[same], matrix.data[same], len(group))


def signals(history: History) -> Signals:
    """Of unweighted ties."""
    ties, degree = history.ties, history.degree
    rare, half = inverse(degree), inverse(degree, 0.5)
    by_degree, by_log = scaled(ties, rare), scaled(ties, inverse_log(degree))
    own = inside(ties, history.who.codes["sector"])
    own_by_degree, halved = scaled(own, rare), scaled(ties, None, half)

    def of(lists: Lists) -> dict[str, Floats]:
        a, b = degree[lists.member], degree[lists.candidate]
        common = lists.path(ties, ties)
        # people like b among those whom a knows: Sarwar et al., WWW 2001
        alike = lists.paths(halved, ties, ties)[1]
        return {
            "common": np.log1p(common),
            "adamic-adar": lists.path(ties, by_log),
            "resource-allocation": lists.path(ties, by_degree),
            "cosine": common / np.sqrt(np.maximum(a * b, 1)),
            "jaccard": common / np.maximum(a + b - common, 1),
            "hub-promoted": common / np.maximum(np.minimum(a, b), 1),
            "common-of-theirs": common / np.maximum(b, 1),
            "alike": alike * half[lists.candidate],
            "through-own-sector": lists.path(own, by_degree),
            "through-their-sector": lists.path(ties, own_by_degree),
        }

    return of
