"""Weights under which the tie that came stands first in its list: a conditional logit, shrunk.

McFadden, Conditional logit analysis of qualitative choice behavior (1974). Every list has one vote,
every new tie is compared with those of its list that did not come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.ties.lists import Table

MOST_STEPS = 500  # it converges well before, so that the rounding of sums does not show


@dataclass(frozen=True, slots=True)
class Choices:
    """Pairs with their signals, each list in one piece; `came` marks the ties that came."""

    signals: Table
    number: Ints  # of the list, 0, 1, ...
    came: Bools
    stands_for: Floats  # so many pairs of its list, where they were sampled
    vote: Floats  # per list

    def of(self, signals: Bools) -> Choices:
        """Restricted to some signals."""
        return replace(self, signals=self.signals[:, signals])

    def only(self, pairs: Bools) -> Choices | None:
        """Restricted to `pairs`; lists in which no tie came are left out."""
        useful = np.zeros(len(self.vote), dtype=np.bool_)
        useful[self.number[self.came & pairs]] = True
        kept = pairs & useful[self.number]
        if not kept.any():
            return None
        number = np.cumsum(useful)[self.number[kept]] - 1
        return Choices(
            self.signals[kept], number, self.came[kept], self.stands_for[kept], self.vote[useful]
        )


def fit(choices: Choices, precision: Floats, prior: Floats) -> Floats:
    """The most likely weights given normal priors with these means and precisions."""
    total, number, came = len(choices.vote), choices.number, choices.came
    starts = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    of = number[came]
    weight = choices.vote[of] / np.bincount(of, minlength=total)[of]
    unit = 1 / np.sqrt(precision)  # in these the prior is round, and few steps suffice
    signals = np.ascontiguousarray(choices.signals * unit)
    believed = choices.signals @ prior

    def loss(away: Floats) -> tuple[float, Floats]:
        score = believed + signals @ away
        odds = np.exp(score - np.maximum.reduceat(score, starts)[number]) * choices.stands_for
        apart = np.bincount(number, odds * ~came, minlength=total)[of]
        mine = np.maximum(odds[came], 1e-300)
        pull = odds * np.bincount(of, weight / (mine + apart), minlength=total)[number]
        pull[came] = -weight * apart / (mine + apart)
        value = -(weight * np.log(mine / (mine + apart))).sum() + 0.5 * away @ away
        return float(value), pull @ signals + away

    found = minimize(
        loss,
        np.zeros(len(prior)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": MOST_STEPS, "ftol": 1e-11, "gtol": 1e-6},
    )
    return np.asarray(prior + unit * found.x, dtype=np.float64)
