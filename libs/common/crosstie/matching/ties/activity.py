"""Signals from how busy people are and how new their ties: in shares of all contacts, not days.

New ties lead to new ties: Liben-Nowell and Kleinberg, JASIST 58 (2007), temporal closure.
"""

from __future__ import annotations

import numpy as np

from crosstie.matching.arrays import Floats
from crosstie.matching.ties.history import History, sums
from crosstie.matching.ties.lists import Lists
from crosstie.matching.ties.paths import inside, inverse_log, scaled

RECENT = (0.1, 0.3)  # of all contacts, the latest


def signals(history: History, lists: Lists) -> dict[str, Floats]:
    """Of the candidate, and of paths whose ties are new or still alive."""
    ties, degree, candidate = history.ties, history.degree, lists.candidate
    across = degree - sums(inside(ties, history.who.codes["sector"]))
    out = {
        "ties": degree[candidate],
        "ties-log": np.log1p(degree)[candidate],
        "across-log": np.log1p(across)[candidate],
        "across-share": ((across + 1) / (degree + 2))[candidate],
    }
    if not history.timed:
        return out
    begun, seen = history.share_by(history.first), history.share_by(history.last)
    latest = np.zeros(len(degree))
    np.maximum.at(latest, history.a, seen)
    np.maximum.at(latest, history.b, seen)
    out["latest"] = latest[candidate]
    rarity = inverse_log(degree)
    for share in RECENT:
        new = history.both(np.ones(len(history)), begun > 1 - share)
        live = history.both(np.ones(len(history)), seen > 1 - share)
        fresh, alive = sums(new), sums(live)
        out |= {
            f"new-{share}": fresh[candidate],
            f"new-rate-{share}": ((fresh + 1) / (degree + 5))[candidate],
            f"new-then-any-{share}": lists.path(new, scaled(ties, rarity)),
            f"any-then-new-{share}": lists.path(scaled(ties, None, rarity), new),
            f"alive-{share}": alive[candidate],
            f"alive-paths-{share}": lists.path(live, scaled(live, inverse_log(alive))),
        }
    return out
