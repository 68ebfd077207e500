"""Who has waited, who helps, who is in demand, whose effort is one-sided; quotas of a round."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.ledger import MADE_KEPT_US, WEEK_US, Ledger
from crosstie.matching.people import People
from crosstie.matching.tallies import LIVE

MOST_ASSIGNMENTS = 4  # in one round, until the quotas are met or no bonus helps
BONUS = 150_000  # millionths of worth added per round to pairs that a quota lacks
PASSED_OVER_US = 2 * WEEK_US
FIRST = 1_000_000  # millionths of worth, more than most pairs have: where somebody was passed over
ENOUGH_GIVEN = 3  # standing offers and mentees offered


def deficit(people: People, ledger: Ledger, at: int) -> Floats:
    """Share of the introductions a member's rate promised over the last 28 days that did not come.

    Carried over from round to round by what the ledger knows of them; 0 for whoever got all.
    """
    weeks = np.minimum(at - people.waiting_since, MADE_KEPT_US) / WEEK_US
    promised = people.weekly * np.maximum(weeks, 0.0)
    lacking = (promised - made(people, ledger, at)) / np.maximum(promised, 1.0)
    return np.asarray(np.clip(lacking, 0.0, 1.0))


def made(people: People, ledger: Ledger, at: int) -> Ints:
    """Introductions made for each member in the last 28 days."""
    tallies = ledger.tallies
    return tallies.counted(tallies.made, at - MADE_KEPT_US, people.index)


def passed_over(people: People, ledger: Ledger, at: int) -> Bools:
    """Who had time for two weeks in which others were suggested somebody, and nobody to them in four.

    However little others would like to meet them, they come first: once, then they wait again.
    """
    others = ledger.tallies.made.between(at - MADE_KEPT_US, at - PASSED_OVER_US)
    waited = people.waiting_since <= at - PASSED_OVER_US
    ready = people.eligible & (people.weekly > 0) & waited & (len(others) > 0)
    return np.asarray(ready & (made(people, ledger, at) == 0))


def demand(people: People, ledger: Ledger, at: int) -> Floats:
    """How much more than others a member was asked for lately: below 1, one half at the mean."""
    counts = made(people, ledger, at).astype(np.float64)
    return np.asarray(counts / (counts + counts.mean() + 1.0)) if len(counts) else counts


def generosity(people: People) -> Floats:
    """What a member offers to others, up to 1: those who help get noticed."""
    return np.asarray(np.minimum(people.generous / ENOUGH_GIVEN, 1.0))


def busy(people: People, ledger: Ledger) -> Floats:
    """Live suggestions over the weekly rate, up to 1: how much a member already has in hand."""
    tallies = ledger.tallies
    counts = tallies.holding(LIVE, people.index)
    return np.asarray(np.minimum(counts / np.maximum(people.weekly, 1), 1.0))


@dataclass(frozen=True, slots=True)
class Quota:
    """At least `share` of what stands is to be in `mask` (over candidate pairs)."""

    name: str
    share: float
    mask: Bools
    standing: int  # live ones in the mask
    standing_all: int  # live ones at all

    def after(self, made: Bools) -> Quota:
        """With the pairs of `made` standing, and no candidates any more."""
        inside, total = np.count_nonzero(self.mask & made), np.count_nonzero(made)
        standing, standing_all = self.standing + int(inside), self.standing_all + int(total)
        return replace(self, mask=self.mask & ~made, standing=standing, standing_all=standing_all)


def bonuses(quotas: list[Quota], chosen: Bools, before: Mapping[str, int]) -> dict[str, int]:
    """Bonus of every quota for the next assignment; equal to `before` when none is to grow."""
    after = dict(before)
    for quota in quotas:
        share, lacking = achieved(quota, chosen)
        if share < quota.share and lacking:
            after[quota.name] = before[quota.name] + BONUS
    return after


def achieved(quota: Quota, chosen: Bools) -> tuple[float, bool]:
    """The share with `chosen` made, and whether candidates of the quota are left."""
    inside = quota.standing + int(np.count_nonzero(chosen & quota.mask))
    total = quota.standing_all + int(np.count_nonzero(chosen))
    return inside / max(total, 1), bool(np.any(quota.mask & ~chosen)) and total > 0
