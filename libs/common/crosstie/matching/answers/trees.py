"""Gradient-boosted trees by scikit-learn, taken out of it as plain lists of nodes.

What foretells needs no scikit-learn: `predict` walks the nodes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from crosstie.matching.answers.features import Seen
from crosstie.matching.answers.model import Trees
from crosstie.matching.arrays import Bools

MOST_TREES = 60
LEAVES = 8
RATE = 0.08
LEAST_IN_LEAF = 30
MOST_ROWS = 200_000  # the latest


def fit(seen: Seen, yes: Bools) -> Trees:
    """Trees grown on these answers; none where all are alike."""
    from sklearn.ensemble import (  # noqa: PLC0415  late: only who fits a base needs it
        HistGradientBoostingClassifier,
    )

    if len(seen) < 2 * LEAST_IN_LEAF or yes.all() or not yes.any():
        return Trees()
    model = HistGradientBoostingClassifier(
        learning_rate=RATE,
        max_iter=MOST_TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_IN_LEAF,
        l2_regularization=5.0,
        early_stopping=False,
        random_state=0,
    )
    with threadpool_limits(1):  # sums do not depend on how many threads there are
        model.fit(seen[-MOST_ROWS:].astype(np.float64), yes[-MOST_ROWS:])
    return taken_out(model)


def taken_out(model: Any) -> Trees:
    """The nodes of a fitted HistGradientBoostingClassifier."""
    roots, feature, threshold, left, right = [0], [-1], [0], [0], [0]
    value = [float(model._baseline_prediction.ravel()[0])]  # noqa: SLF001  a tree of one leaf
    for (tree,) in model._predictors:  # noqa: SLF001  pinned below the next major version
        first = len(feature)
        roots.append(first)
        for node in tree.nodes:
            leaf = bool(node["is_leaf"])
            feature.append(-1 if leaf else int(node["feature_idx"]))
            threshold.append(0 if leaf else math.floor(node["num_threshold"]))
            left.append(0 if leaf else first + int(node["left"]))
            right.append(0 if leaf else first + int(node["right"]))
            value.append(float(node["value"]) if leaf else 0.0)
    return Trees(
        roots=tuple(roots),
        feature=tuple(feature),
        threshold=tuple(threshold),
        left=tuple(left),
        right=tuple(right),
        value=tuple(value),
    )
