"""Who says yes how often, so far: running counts, shrunken towards what they are a part of.

A member's rate is held near everyone's, their rate for a sector near their own. Counts are as of a
moment each, or of now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints

HELD = 4.0  # so many answers weighs the rate that a rate is held near
WIDEST = 3.0  # log-odds either way


@dataclass(frozen=True, slots=True)
class Said:
    """Answers: by[k] about about[k], UNKNOWN (-1) for whoever is not a member any more."""

    by: Ints
    about: Ints
    yes: Bools
    at: Ints


@dataclass(frozen=True, slots=True)
class Who:
    """Codes of members, UNKNOWN (-1) where nothing is known; level 0 is unknown."""

    sector: Ints
    profession: Ints
    level: Ints

    def toward(self, a: Ints, b: Ints) -> Ints:
        """0 across or unknown, 1 where b is above a, 2 where below."""
        mine, theirs = self.level[a], self.level[b]
        known = (mine > 0) & (theirs > 0)
        return np.where(known & (theirs > mine), 1, np.where(known & (theirs < mine), 2, 0))


class Tally:
    """Counts of answers, and of those that were yes, by key and moment."""

    def __init__(self, keys: Ints, yes: Bools, at: Ints) -> None:
        known = keys >= 0
        keys, yes, at = keys[known], yes[known], at[known]
        self._keys = keys
        if len(keys) == 0:
            return
        self._moments = np.unique(at)
        self._span = len(self._moments) + 1
        self._keys, rank = np.unique(keys, return_inverse=True)
        code = rank * self._span + np.searchsorted(self._moments, at)
        order = np.argsort(code, kind="stable")
        self._code = code[order]
        self._yes = np.concatenate([[0], np.cumsum(yes[order])])

    def __call__(self, keys: Ints, when: Ints | None) -> tuple[Floats, Floats]:
        """Yes and all answers of each key before `when`, of all time without."""
        if len(self._keys) == 0:
            return np.zeros(len(keys)), np.zeros(len(keys))
        rank = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known = self._keys[rank] == keys
        start = rank * self._span
        upto = self._span if when is None else np.searchsorted(self._moments, when)
        first = np.searchsorted(self._code, start)
        last = np.searchsorted(self._code, start + upto)
        yes = self._yes[last] - self._yes[first]
        return np.where(known, yes, 0.0), np.where(known, last - first, 0.0)


class Tendencies:
    """Rates by member and group, of answers `given` and of those `received`."""

    def __init__(self, given: Said, received: Said, who: Who, rate: float) -> None:
        self._who, self._rate = who, rate
        self._groups = {
            "sector": who.sector,
            "profession": who.profession,
        }
        self._size = max(len(who.level), 1)
        self._most = {name: int(code.max(initial=0)) + 1 for name, code in self._groups.items()}
        self._own = Tally(given.by, given.yes, given.at)
        self._theirs = Tally(received.about, received.yes, received.at)
        self._own_by = {
            name: Tally(self._keyed(given.by, given.about, name), given.yes, given.at)
            for name in ("sector", "profession", "toward")
        }
        self._theirs_by = {
            name: Tally(self._keyed(received.about, received.by, name), received.yes, received.at)
            for name in ("sector", "toward")
        }
        self._pairs = Tally(self._pair(given.by, given.about), given.yes, given.at)
        self._back = Tally(self._pair(received.by, received.about), received.yes, received.at)

    def columns(self, by: Ints, about: Ints, when: Ints | None = None) -> Mapping[str, Floats]:
        """Log-odds beyond what each rate is held near, by name of feature."""
        found: dict[str, Floats] = {}
        start = np.full(len(by), self._rate)
        for name, tally, tallies, self_, other in (
            ("own", self._own, self._own_by, by, about),
            ("their", self._theirs, self._theirs_by, about, by),
        ):
            yes, asked = tally(self_, when)
            rate = held(yes, asked, start)
            found[f"{name}_rate"] = beyond(rate, start)
            found[f"{name}_answers"] = np.log1p(asked)
            for group, counted in tallies.items():
                part = held(*counted(self._keyed(self_, other, group), when), rate)
                found[f"{name}_rate_{group}"] = beyond(part, rate)
        yes, asked = self._pairs(self._pair(by, about), when)
        found["said_before"] = 2 * yes - asked
        yes, asked = self._back(self._pair(about, by), when)
        found["heard_before"] = 2 * yes - asked
        return found

    def _keyed(self, member: Ints, other: Ints, group: str) -> Ints:
        """One number per member and group of the other; -1 where either is unknown."""
        known = (member >= 0) & (other >= 0)
        a, b = np.where(known, member, 0), np.where(known, other, 0)
        if len(self._who.level) == 0:
            return np.full(len(member), -1)
        if group == "toward":
            return np.where(known, a * 3 + self._who.toward(a, b), -1)
        code = self._groups[group][b]
        return np.where(known & (code >= 0), a * self._most[group] + code, -1)

    def _pair(self, a: Ints, b: Ints) -> Ints:
        return np.where((a >= 0) & (b >= 0), a * self._size + b, -1)


def held(yes: Floats, asked: Floats, near: Floats) -> Floats:
    """The share of yes, as if `HELD` more answers had been as those it is held near."""
    return np.asarray((yes + HELD * near) / (asked + HELD))


def beyond(rate: Floats, near: Floats) -> Floats:
    """How far apart two shares are in log-odds."""
    return np.asarray(np.clip(logit(rate) - logit(near), -WIDEST, WIDEST))


def logit(share: Floats) -> Floats:
    """Log-odds of a share."""
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))
