"""Weights under which the tie that came stands first in its list: a conditional logit, shrunk.

McFadden, Conditional logit analysis of qualitative choice behavior (1974). Every list has one vote,
every new tie is compared with those of its list that did not come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.ties.lists import Table

MOST_STEPS = 40


@dataclass(frozen=True, slots=True)
class Choices:
    """Pairs with their signals, each list in one piece; `came` marks the ties that came."""

    signals: Table
    number: Ints  # of the list, 0, 1, ...
    came: Bools
    stands_for: Floats  # so many pairs of its list, where they were sampled
    vote: Floats  # per list

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
    signals = np.ascontiguousarray(choices.signals)
    turned = np.ascontiguousarray(signals.T)
    starts = np.flatnonzero(np.concatenate([[True], number[1:] != number[:-1]]))
    of = number[came]
    weight = choices.vote[of] / np.bincount(of, minlength=total)[of]

    def loss(weights: Floats) -> tuple[float, Floats]:
        score = (signals @ weights.astype(np.float32)).astype(np.float64)
        odds = np.exp(score - np.maximum.reduceat(score, starts)[number]) * choices.stands_for
        apart = np.bincount(number, odds * ~came, minlength=total)[of]
        mine = np.maximum(odds[came], 1e-300)
        pull = odds * np.bincount(of, weight / (mine + apart), minlength=total)[number]
        pull[came] = -weight * apart / (mine + apart)
        away = weights - prior
        value = -(weight * np.log(mine / (mine + apart))).sum() + 0.5 * (precision * away**2).sum()
        return float(value), (turned @ pull.astype(np.float32)).astype(
            np.float64
        ) + precision * away

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", options={"maxiter": MOST_STEPS})
    return np.asarray(found.x, dtype=np.float64)
