"""Logistic regression held near the rules: with few answers it is the rules, with many its own.

Maximum a posteriori under normal priors, by Newton's method; whole passes, a fixed number at most.
"""

from __future__ import annotations

import numpy as np

from crosstie.matching.answers.features import UNIT, Seen
from crosstie.matching.answers.model import Linear
from crosstie.matching.arrays import Bools, Floats

MOST_STEPS = 50
START_HELD, RULES_HELD = 1.0, 10.0  # precisions of the start and of the weight of the rules


def fit(
    seen: Seen, yes: Bools, precision: float, *, rules: float = 1.0, start: float = 0.0
) -> Linear:
    """The line that these answers support; a precision that is greater holds it nearer."""
    values = seen / UNIT
    centre = values.mean(axis=0)
    scale = values.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    table = np.column_stack([np.ones(len(seen)), values[:, 0], (values - centre) / scale])
    prior = np.zeros(table.shape[1])
    prior[0], prior[1] = start, rules
    hold = np.full(table.shape[1], precision)
    hold[0] = START_HELD
    hold[1] = RULES_HELD if rules else 1e9
    weights = newton(table, yes.astype(np.float64), prior, hold)
    return Linear(
        start=float(weights[0]),
        rules=float(weights[1]),
        centre=tuple(centre.tolist()),
        scale=tuple(scale.tolist()),
        weights=tuple(weights[2:].tolist()),
    )


def newton(
    table: Floats, yes: Floats, prior: Floats, hold: Floats, counts: Floats | None = None
) -> Floats:
    """Weights of the columns of `table`: the most likely, given their prior means and precisions.

    A row counts as `counts` rows, as one without.
    """
    weights = prior.copy()
    each = np.ones(len(table)) if counts is None else counts
    worst = _loss(table, yes, prior, hold, each, weights)
    for _ in range(MOST_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (each * (chance - yes)) + hold * (weights - prior)
        curve = (table * (each * chance * (1 - chance))[:, None]).T @ table + np.diag(hold)
        step = np.linalg.solve(curve, slope)
        size, loss = 1.0, _loss(table, yes, prior, hold, each, weights - step)
        while loss > worst and size > 1e-4:
            size /= 2
            loss = _loss(table, yes, prior, hold, each, weights - size * step)
        if size <= 1e-4 or float(np.abs(step).max(initial=0.0)) < 1e-9:
            break
        weights, worst = weights - size * step, loss
    return weights


def _loss(
    table: Floats, yes: Floats, prior: Floats, hold: Floats, each: Floats, weights: Floats
) -> float:
    odds = table @ weights
    lost = each @ (np.logaddexp(0, odds) - odds * yes)
    return float(lost + 0.5 * (hold * (weights - prior) ** 2).sum())
