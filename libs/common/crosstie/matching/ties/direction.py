"""Signals from who starts: third people who turn to both, or to whom both turn."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats
from crosstie.matching.ties.history import History, sparse, sums
from crosstie.matching.ties.lists import Lists, Signals
from crosstie.matching.ties.paths import inverse, scaled


def started(history: History) -> csr_array:
    """1 where the row's member started something with the column's; both where nobody is said to."""
    unsaid = (history.by_a == 0) & (history.by_b == 0)
    a, b = (history.by_a > 0) | unsaid, (history.by_b > 0) | unsaid
    rows, columns = np.r_[history.a[a], history.b[b]], np.r_[history.b[a], history.a[b]]
    return sparse(rows, columns, np.ones(len(rows)), len(history.who))


def signals(history: History) -> Signals:
    """Of directed ties."""
    out = started(history)
    into = csr_array(out.T)
    starts, receives = sums(out), sums(into)
    out_rare, into_rare = scaled(out, inverse(starts)), scaled(into, inverse(receives))

    def of(lists: Lists) -> dict[str, Floats]:
        return {
            "turn-to-both": lists.path(into, out),
            "turn-to-both-rare": lists.path(into, out_rare),
            "both-turn-to": lists.path(out, into),
            "both-turn-to-rare": lists.path(out, into_rare),
            "onward": lists.path(out, out),
            "backward": lists.path(into, into),
            "receives": np.log1p(receives)[lists.candidate],
            "starts": np.log1p(starts)[lists.candidate],
        }

    return of
