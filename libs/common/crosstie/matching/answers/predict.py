"""Log-odds that a model gives to rows of features: one loop over numbers, the same on any machine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crosstie.matching.answers.features import NAMES, UNIT, VERSION, Seen
from crosstie.matching.answers.model import AnswerModel, Linear, Trees
from crosstie.matching.arrays import Floats
from crosstie.matching.compiled import Compiled


def accepts(model: AnswerModel, seen: Seen) -> Floats:
    """p(by accepts about) of every row."""
    return chance(accepting_odds(model, seen))


def accepting_odds(model: AnswerModel, seen: Seen) -> Floats:
    """Log-odds of the same, as the model's level and calibration have it."""
    if not usable(model) or model.level == "rules":
        return np.asarray(seen[:, 0] / UNIT)
    by_line, by_trees, start = model.mix
    odds = by_line * linear(model.linear, seen) + start
    return odds + by_trees * grown(model.trees, seen) if model.level == "trees" else odds


def meets(model: AnswerModel, one: Seen, other: Seen) -> Floats:
    """p(they meet, once both accepted), of what each sees of the other."""
    return chance((linear(model.meets, one) + linear(model.meets, other)) / 2)


def usable(model: AnswerModel) -> bool:
    """It was learned on the features of this code."""
    return model.version == VERSION


def chance(odds: Floats) -> Floats:
    """Of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -30.0, 30.0))))


def linear(line: Linear, seen: Seen) -> Floats:
    """start + rules x first column + weights x standardised columns."""
    slope = np.zeros(len(NAMES))
    start = line.start
    if line.weights:
        centre, scale, weights = map(np.asarray, (line.centre, line.scale, line.weights))
        slope = weights / scale / UNIT
        start = start - float((weights * centre / scale).sum())
    slope[0] += line.rules / UNIT
    odds: Floats = _line(seen, slope, start)
    return odds


def grown(trees: Trees, seen: Seen) -> Floats:
    """Sum over the trees of the leaf that a row falls into."""
    numbers = (trees.roots, trees.feature, trees.threshold, trees.left, trees.right)
    odds: Floats = _fallen(
        seen, *(np.array(each, dtype=np.int32) for each in numbers), np.array(trees.value)
    )
    return odds


@Compiled
def _line(seen: NDArray[np.int32], slope: Floats, start: float) -> Floats:
    odds = np.empty(len(seen))
    for row in range(len(seen)):
        total = start
        for place in range(len(slope)):
            total += slope[place] * seen[row, place]
        odds[row] = total
    return odds


@Compiled
def _fallen(
    seen: NDArray[np.int32],
    roots: NDArray[np.int32],
    feature: NDArray[np.int32],
    threshold: NDArray[np.int32],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    value: Floats,
) -> Floats:
    odds = np.zeros(len(seen))
    for row in range(len(seen)):
        total = 0.0
        for root in roots:
            node = root
            while feature[node] >= 0:
                below = seen[row, feature[node]] <= threshold[node]
                node = left[node] if below else right[node]
            total += value[node]
        odds[row] = total
    return odds
