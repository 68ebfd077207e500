"""Recall and precision at k, and AUC, of a score for every ordered pair: the shared benchmark's."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np
from msgspec import Struct
from sklearn.metrics import roc_auc_score

from crosstie.matching.arrays import Bools, Floats

_TIES_BROKEN_BY = 7  # seed
DIGITS = 4


class Measured(Struct, frozen=True):
    """Means over the people who made a new tie; None where there is nobody."""

    recall: float | None
    precision: float | None
    auc: float | None  # over unordered pairs, of the mean of both directions
    queries: int
    positives: int
    pairs: int


def measure(
    scores: Floats, wanted: AbstractSet[tuple[int, int]], allowed: Bools, k: int
) -> Measured:
    """How well `scores` rank the `wanted` new ties among the `allowed` ordered pairs."""
    size = len(scores)
    sought: list[set[int]] = [set() for _ in range(size)]
    for a, b in wanted:
        if allowed[a, b]:
            sought[a].add(b)
        if allowed[b, a]:
            sought[b].add(a)
    noise = np.random.default_rng(_TIES_BROKEN_BY).random(scores.shape) * 1e-9
    ranked = scores + noise * (np.abs(scores).max(initial=0.0) + 1e-12)
    recall, precision = [], []
    for member in range(size):
        if sought[member]:
            others = np.flatnonzero(allowed[member])
            first = others[np.argsort(-ranked[member, others])[:k]]
            hits = len(sought[member] & set(first.tolist()))
            recall.append(hits / len(sought[member]))
            precision.append(hits / k)
    one, other = np.nonzero(np.triu(allowed | allowed.T, 1))
    found = np.zeros(scores.shape, dtype=np.bool_)
    for a, b in wanted:
        found[a, b] = found[b, a] = True
    came = found[one, other]
    even = ((scores + scores.T) / 2)[one, other]
    both_kinds = 0 < came.sum() < len(came)
    return Measured(
        recall=_mean(recall),
        precision=_mean(precision),
        auc=round(float(roc_auc_score(came, even)), DIGITS) if both_kinds else None,
        queries=len(recall),
        positives=int(came.sum()),
        pairs=len(came),
    )


def _mean(values: list[float]) -> float | None:
    return round(float(np.mean(values)), DIGITS) if values else None
