"""Signals from how busy people are and how new their ties: in shares of all contacts, not days.

New ties lead to new ties: Liben-Nowell and Kleinberg, JASIST 58 (2007), temporal closure.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats
from crosstie.matching.ties.history import History, sums
from crosstie.matching.ties.lists import Lists, Signals
from crosstie.matching.ties.paths import inside, inverse_log, scaled

RECENT = (0.1, 0.3)  # of all contacts, the latest


def signals(history: History) -> Signals:
    """Of the candidate, and of paths whose ties are new or still alive."""
    degree = history.degree
    across = degree - sums(inside(history.ties, history.who.codes["sector"]))
    of_person = {
        "ties": degree,
        "ties-log": np.log1p(degree),
        "across-log": np.log1p(across),
        "across-share": (across + 1) / (degree + 2),
    }
    paths: dict[str, tuple[csr_array, csr_array]] = {}
    if history.timed:
        _timed(history, of_person, paths)

    def of(lists: Lists) -> dict[str, Floats]:
        found = {name: value[lists.candidate] for name, value in of_person.items()}
        return found | {name: lists.path(*steps) for name, steps in paths.items()}

    return of


def _timed(
    history: History, of_person: dict[str, Floats], paths: dict[str, tuple[csr_array, csr_array]]
) -> None:
    """Add what times tell."""
    ties, degree, ones = history.ties, history.degree, np.ones(len(history))
    begun, seen = history.share_by(history.first), history.share_by(history.last)
    latest = np.zeros(len(degree))
    np.maximum.at(latest, history.a, seen)
    np.maximum.at(latest, history.b, seen)
    of_person["latest"] = latest
    rarity = inverse_log(degree)
    onward, before = scaled(ties, rarity), scaled(ties, None, rarity)
    for share in RECENT:
        new = history.both(ones, begun > 1 - share)
        live = history.both(ones, seen > 1 - share)
        fresh, alive = sums(new), sums(live)
        of_person[f"new-{share}"] = fresh
        of_person[f"new-rate-{share}"] = (fresh + 1) / (degree + 5)
        of_person[f"alive-{share}"] = alive
        paths[f"new-then-any-{share}"] = (new, onward)
        paths[f"any-then-new-{share}"] = (before, new)
        paths[f"alive-paths-{share}"] = (live, scaled(live, inverse_log(alive)))
