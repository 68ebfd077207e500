"""Signals from what people are: how readily their sectors, levels and other groups tie, smoothed.

Log odds between groups, between people and the other's group, beyond what the number of ties tells
(the degree-corrected block model of Karrer and Newman, Phys. Rev. E 83, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ties.history import ATTRIBUTES, UNKNOWN, History, sums
from crosstie.matching.ties.lists import Lists, Signals, Table

MOST_CELLS = 20_000_000  # members times groups; an attribute with more is as good as a name
PEOPLE = 5.0  # prior ties that a person or a pair of groups counts for


def signals(history: History) -> Signals:
    """Per attribute, of ties and of the logarithm of contacts; the minor attributes together."""
    weighted = {"ties": history.ties, "contacts": history.both(np.log1p(history.contacts))}
    odds = [
        (attribute, kind, _odds(matrix, group))
        for attribute, group in groups(history).items()
        for kind, matrix in weighted.items()
    ]
    sector, level = history.who.codes["sector"], history.who.level

    def of(lists: Lists) -> dict[str, Floats]:
        out: dict[str, Floats] = {}
        for attribute, kind, known in odds:
            slot = attribute if attribute in {"sector", "level"} else "other"
            for name, value in known.of(lists).items():
                if name != "mutual" or attribute == "sector":
                    key = f"{slot}-{name}-{kind}"
                    out[key] = out[key] + value if key in out else value
        one, other = lists.member, lists.candidate
        if (sector >= 0).any():
            same = (sector[one] == sector[other]) & (sector[one] >= 0)
            out["sector-same"] = same.astype(np.float64)
        if (level > 0).any():
            out["level"] = level[other].astype(np.float64)
            out["level-near"] = -np.abs(level[one] - level[other]).astype(np.float64)
        return out

    return of


def groups(history: History) -> dict[str, Ints]:
    """Codes of every attribute in which people differ, those of rank among them."""
    level = history.who.level
    ranks = np.where(level > 0, level, UNKNOWN)
    found = {name: history.who.codes[name] for name in ATTRIBUTES} | {"level": ranks}
    return {
        name: code
        for name, code in found.items()
        if len(np.unique(code[code >= 0])) > 1 and len(code) * (code.max() + 1) <= MOST_CELLS
    }


@dataclass(frozen=True, slots=True)
class _Odds:
    """Of one grouping: by group and group, and by person and group."""

    group: Ints
    between: Floats
    density: Floats
    excess: Floats
    into: Table
    leaning: Table

    def of(self, lists: Lists) -> dict[str, Floats]:
        """Per pair; 0 where the group of either is not known."""
        one, other = self.group[lists.member], self.group[lists.candidate]
        both = (one >= 0) & (other >= 0)
        to = self.into[lists.member, other].astype(np.float64)
        fro = self.into[lists.candidate, one].astype(np.float64)
        found = {
            "density": self.density[one, other],
            "excess": self.excess[one, other],
            "toward": self.leaning[lists.member, other].astype(np.float64),
            "from": self.leaning[lists.candidate, one].astype(np.float64),
            "mutual": np.log((to + 0.5) * (fro + 0.5) / (self.between[one, other] + 2)),
        }
        return {name: np.where(both, value, 0.0) for name, value in found.items()}


def _odds(matrix: csr_array, group: Ints) -> _Odds:
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
    leaning = (into + PEOPLE * usual) / (into.sum(axis=1, keepdims=True) + PEOPLE)
    personal = np.log(np.maximum(leaning / np.maximum(share, 1e-9), 1e-9))
    return _Odds(
        group=group,
        between=between,
        density=np.log((between + PEOPLE * base) / (possible + PEOPLE) / base),
        excess=np.log((between + 2) / (expected + 2)),
        into=into.astype(np.float32),
        leaning=personal.astype(np.float32),
    )
