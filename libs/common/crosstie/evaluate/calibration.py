"""How good probabilities of yes are: do they tell apart, are they right, and are they as often so.

Expected calibration error after Naeini, Cooper and Hauskrecht, AAAI 2015.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from sklearn.metrics import roc_auc_score

from crosstie.evaluate.measure import DIGITS
from crosstie.matching.arrays import MILLION, Bools, Floats

BINS = 10  # of equal width
LEAST = 0.5 / MILLION  # probabilities are millionths: none is surer than half of one


class Calibrated(Struct, frozen=True):
    """Of the answers of one kind; None where there are none, `auc` too where all are alike."""

    auc: float | None
    log_loss: float | None  # mean of natural logs
    ece: float | None


def calibrated(chance: Floats, yes: Bools) -> Calibrated:
    """How well `chance` foretold what was `yes`."""
    if len(yes) == 0:
        return Calibrated(None, None, None)
    both_kinds = bool(yes.any()) and not bool(yes.all())
    return Calibrated(
        auc=round(float(roc_auc_score(yes, chance)), DIGITS) if both_kinds else None,
        log_loss=round(log_loss(chance, yes), DIGITS),
        ece=round(expected_calibration_error(chance, yes), DIGITS),
    )


def log_loss(chance: Floats, yes: Bools) -> float:
    """Natural logs lost on an answer, in the mean."""
    right = np.where(yes, chance, 1 - chance)
    return float(-np.log(np.clip(right, LEAST, 1 - LEAST)).mean())


def expected_calibration_error(chance: Floats, yes: Bools) -> float:
    """|mean probability - share of yes| of each bin, weighted by how many fall into it."""
    bins = np.minimum((chance * BINS).astype(np.int64), BINS - 1)
    foretold = np.bincount(bins, weights=chance, minlength=BINS)
    came = np.bincount(bins, weights=yes, minlength=BINS)
    return float(np.abs(foretold - came).sum() / len(yes))
