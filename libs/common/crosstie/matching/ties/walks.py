"""Signals from walks along ties, each as likely as the contacts on it (their logarithm).

Personalised PageRank: Page et al. 1999, Liben-Nowell and Kleinberg 2007; here the terms of its
series up to three steps. Normalised walks: Chung, Spectral Graph Theory (1997).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats
from crosstie.matching.ties.history import History, sums
from crosstie.matching.ties.lists import Lists, Signals
from crosstie.matching.ties.paths import inverse, scaled

RESTARTS = (0.15, 0.5, 0.8)


def squared(matrix: csr_array) -> csr_array:
    return csr_array((matrix.data**2, matrix.indices, matrix.indptr), shape=matrix.shape)


def signals(history: History) -> Signals:
    """Of ties weighted by the logarithm of their contacts."""
    weights = history.both(np.log1p(history.contacts))
    strength = sums(weights)
    unit = inverse(np.sqrt(sums(squared(weights))))
    rare, root = inverse(strength), np.sqrt(strength)
    step, unroot = scaled(weights, rare), inverse(root)

    def of(lists: Lists) -> dict[str, Floats]:
        a, b = lists.member, lists.candidate
        two, three = lists.paths(step, step, step)
        even = root[a] * unroot[b]
        halfway = 0.5 * (0.25 * two + 0.125 * three)
        found = {
            f"pagerank-{restart}": restart * ((1 - restart) ** 2 * two + (1 - restart) ** 3 * three)
            for restart in RESTARTS
        }
        return found | {
            "strength": strength[b],
            "pagerank-both-ways": halfway**2 * rare[b],
            "pagerank-rare": halfway * rare[b],
            "walk-2": two * even,
            "walk-3": three * even,
            "weighted-cosine": lists.path(weights, weights) * unit[a] * unit[b],
            "weighted-allocation": lists.path(weights, step),
        }

    return of
