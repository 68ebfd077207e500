"""What foretelling answers is compared with: attributes, popularity and factors, of the same answers.

Hu, Koren and Volinsky 2008 (ALS), its scores made probabilities as by Platt 1999.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.sparse import coo_array, csr_array, csr_matrix, hstack

from crosstie.evaluate.answers_protocol import Answers
from crosstie.evaluate.baselines import factors
from crosstie.evaluate.dataset import Dataset
from crosstie.evaluate.protocol import levels
from crosstie.matching.arrays import Bools, Floats, Ints

SMOOTHED = 4.0  # so many answers weighs the rate of all
CALIBRATED = 0.3  # share of what trains, the latest, from which is learned what a score is worth
_SEEDS = 3  # of factor models, whose scores are averaged
_COLUMNS: tuple[tuple[str, ...], ...] = (
    ("sector",),
    ("profession",),
    ("role",),
    ("organisation", "org"),
    ("place", "location"),
)

Chance = Callable[[Ints, Ints], Floats]  # p(one[k] accepts other[k])


def logistic(data: Dataset, past: Answers, seed: int) -> Chance:
    """A line over plain attributes: what is alike, levels apart, both sectors and their pair."""
    del seed
    codes = [_codes(data.column(*names)) for names in _COLUMNS]
    level, sector = levels(data), codes[0]
    many = int(sector.max(initial=0)) + 1

    def table(one: Ints, other: Ints) -> csr_array:
        steps = level[other] - level[one]
        known = ~np.isnan(steps)
        steps = np.where(known, steps, 0.0)
        alike = [(code[one] == code[other]) & (code[one] > 0) for code in codes]
        plain = np.column_stack([steps, np.abs(steps), steps > 0, steps < 0, known, *alike])
        mine, theirs = sector[one], sector[other]
        hot = (_hot(mine, many), _hot(theirs, many), _hot(mine * many + theirs, many * many))
        return csr_array(hstack([csr_array(plain.astype(np.float64)), *hot]))

    chance = _line(table(past.by, past.about), past.yes)
    return lambda one, other: chance(table(one, other))


def popularity(data: Dataset, past: Answers, seed: int) -> Chance:
    """The odds that the target is accepted x those that the source accepts, over those of all."""
    del seed
    rate, size = _rate(past.yes), len(data.members)

    def odds(member: Ints) -> Floats:
        yes = np.bincount(member, weights=past.yes, minlength=size) + SMOOTHED * rate
        no = np.bincount(member, weights=~past.yes, minlength=size) + SMOOTHED * (1 - rate)
        return np.asarray(yes / no)

    accepting, accepted, usual = odds(past.by), odds(past.about), rate / (1 - rate)

    def chance(one: Ints, other: Ints) -> Floats:
        both = accepting[one] * accepted[other] / usual
        return np.asarray(both / (1 + both))

    return chance


def als(data: Dataset, past: Answers, seed: int) -> Chance:
    """Factors of who accepted whom; what a score is worth is learned from later answers that train.

    From answers that made the factors it would be learned that every score is right.
    """
    size, cut = len(data.members), int(len(past) * (1 - CALIBRATED))
    early, later = _factors(past[:cut], size, seed), past[cut:]
    chance = _line(_column(early(later.by, later.about)), later.yes)
    score = _factors(past, size, seed)
    return lambda one, other: chance(_column(score(one, other)))


def _factors(past: Answers, size: int, seed: int) -> Chance:
    """The score of pairs: the mean of several models."""
    said = past.by[past.yes], past.about[past.yes]
    accepted = csr_matrix((np.ones(len(said[0]), dtype=np.float32), said), shape=(size, size))
    fitted = [factors(accepted, number, threads=1) for number in range(seed, seed + _SEEDS)]

    def score(one: Ints, other: Ints) -> Floats:
        each = [(users[one] * items[other]).sum(axis=1) for users, items in fitted]
        return np.asarray(np.mean(each, axis=0, dtype=np.float64))

    return score


def _line(table: csr_array, yes: Bools) -> Callable[[csr_array], Floats]:
    """scikit-learn's logistic regression as it comes; where all are alike, their smoothed rate."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  slow to import

    if yes.all() or not yes.any():
        return lambda rows: np.full(rows.shape[0], _rate(yes))
    model = LogisticRegression(max_iter=5_000).fit(table, yes)
    return lambda rows: (
        np.asarray(model.predict_proba(rows)[:, 1]) if rows.shape[0] else np.empty(0)
    )


def _column(values: Floats) -> csr_array:
    return csr_array(values[:, None])


def _hot(code: Ints, size: int) -> coo_array:
    """1 in the column of the code."""
    return coo_array((np.ones(len(code)), (np.arange(len(code)), code)), shape=(len(code), size))


def _codes(values: list[str]) -> Ints:
    """0 where nothing is known."""
    code = {value: place for place, value in enumerate(sorted({"", *values}))}
    return np.array([code[value] for value in values], dtype=np.int64)


def _rate(yes: Bools) -> float:
    """The share of yes, smoothed: neither 0 nor 1."""
    return float((yes.sum() + 1) / (len(yes) + 2))


BASELINES: Mapping[str, Callable[[Dataset, Answers, int], Chance]] = {
    "logistic": logistic,
    "popularity": popularity,
    "als": als,
}
