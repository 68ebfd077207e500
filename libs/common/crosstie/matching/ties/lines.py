"""Signals from reporting lines: how far apart in the tree, and what managers and reports know."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ties.history import UNKNOWN, History, sparse, sums
from crosstie.matching.ties.lists import Lists, Signals
from crosstie.matching.ties.paths import inverse

MOST_STEPS = 12  # up a line of managers, which may be a circle
FAR = 20.0


def signals(history: History) -> Signals:
    """None where nobody is said to report to anybody."""
    manager = history.who.manager
    led = np.flatnonzero(manager >= 0)
    if len(led) == 0:
        return lambda _: {}
    up = sparse(led, manager[led], np.ones(len(led)), len(manager))
    down, ties = csr_array(up.T), history.ties
    reports = sums(down)

    def of(lists: Lists) -> dict[str, Floats]:
        a, b = lists.member, lists.candidate
        mine, theirs = manager[a], manager[b]
        return {
            "line-near": -_distance(manager, a, b),
            "line-direct": ((mine == b) | (theirs == a)).astype(np.float64),
            "line-peers": ((mine == theirs) & (mine >= 0)).astype(np.float64),
            "line-manager-knows": lists.path(up, ties),
            "line-knows-manager": lists.path(ties, down),
            "line-reports-know": lists.path(down, ties) * inverse(reports)[a],
            "line-reports": reports[b],
        }

    return of


def _distance(manager: Ints, member: Ints, candidate: Ints) -> Floats:
    """Steps from one to the other through the nearest common manager."""
    nearest = np.full(len(member), FAR)
    upper = member.copy()
    for i in range(MOST_STEPS):
        other = candidate.copy()
        for j in range(MOST_STEPS):
            met = (upper == other) & (upper >= 0)
            nearest = np.where(met, np.minimum(nearest, i + j), nearest)
            other = np.where(other >= 0, manager[other], UNKNOWN)
            if not (other >= 0).any():
                break
        upper = np.where(upper >= 0, manager[upper], UNKNOWN)
        if not (upper >= 0).any():
            break
    return nearest
