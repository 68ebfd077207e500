"""Signals from what people are: how readily their sectors, levels and other groups tie, smoothed.

Log odds between groups, between people and the other's group, beyond what the number of ties tells
(the degree-corrected block model of Karrer and Newman, Phys. Rev. E 83, 2011).
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ties.history import ATTRIBUTES, UNKNOWN, History, sums
from crosstie.matching.ties.lists import Lists

MOST_CELLS = 20_000_000  # members times groups; an attribute with more is as good as a name
_PEOPLE = 5.0  # prior ties that a person or a pair of groups counts for


def signals(history: History, lists: Lists) -> dict[str, Floats]:
    """Per attribute, of ties and of the logarithm of contacts; the minor attributes together."""
    out: dict[str, Floats] = {}
    weighted = {"ties": history.ties, "contacts": history.both(np.log1p(history.contacts))}
    for attribute, group in _groups(history).items():
        slot = attribute if attribute in {"sector", "level"} else "other"
        for kind, matrix in weighted.items():
            for name, value in _odds(matrix, group, lists).items():
                if name != "mutual" or attribute == "sector":
                    key = f"{slot}-{name}-{kind}"
                    out[key] = out[key] + value if key in out else value
    sector, level = history.who.codes["sector"], history.who.level
    if (sector >= 0).any():
        one, other = sector[lists.member], sector[lists.candidate]
        out["sector-same"] = ((one == other) & (one >= 0)).astype(np.float64)
    if (level > 0).any():
        out["level"] = level[lists.candidate].astype(np.float64)
        out["level-near"] = -np.abs(level[lists.member] - level[lists.candidate]).astype(np.float64)
    return out


def _groups(history: History) -> dict[str, Ints]:
    """Codes of every attribute in which people differ, those of rank among them."""
    level = history.who.level
    ranks = np.where(level > 0, level, UNKNOWN)
    found = {name: history.who.codes[name] for name in ATTRIBUTES} | {"level": ranks}
    return {
        name: code
        for name, code in found.items()
        if len(np.unique(code[code >= 0])) > 1 and len(code) * (code.max() + 1) <= MOST_CELLS
    }


def _odds(matrix: csr_array, group: Ints, lists: Lists) -> dict[str, Floats]:
    size, known = len(group), np.flatnonzero(group >= 0)
    belongs = csr_array(
        (np.ones(len(known)), (known, group[known])), shape=(size, int(group.max()) + 1)
    )
    into = np.asarray((matrix @ belongs).toarray())  # by person and group
    degree = sums(matrix)
    people = np.bincount(group[known], minlength=belongs.shape[1]).astype(np.float64)
    total = max(degree.sum(), 1e-9)
    base = max(total / max(size * (size - 1), 1), 1e-12)
    members = csr_array(belongs.T)
    between = np.asarray(members @ into)
    possible = np.outer(people, people) - np.diag(people)
    of_group = np.asarray(members @ degree)
    expected = np.outer(of_group, of_group) / total
    share = of_group / max(of_group.sum(), 1e-9)
    usual = np.asarray(belongs @ (between / np.maximum(between.sum(axis=1, keepdims=True), 1)))
    leaning = (into + _PEOPLE * usual) / (into.sum(axis=1, keepdims=True) + _PEOPLE)
    personal = np.log(np.maximum(leaning / np.maximum(share, 1e-9), 1e-9))
    one, other = group[lists.member], group[lists.candidate]
    both = (one >= 0) & (other >= 0)
    to, fro = into[lists.member, other], into[lists.candidate, one]
    found = {
        "density": np.log((between + _PEOPLE * base) / (possible + _PEOPLE) / base)[one, other],
        "excess": np.log((between + 2) / (expected + 2))[one, other],
        "toward": personal[lists.member, other],
        "from": personal[lists.candidate, one],
        "mutual": np.log((to + 0.5) * (fro + 0.5) / (between[one, other] + 2)),
    }
    return {name: np.where(both, value, 0.0) for name, value in found.items()}
