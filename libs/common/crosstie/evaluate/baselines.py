"""What ours is compared with: six rankings, with the settings of the shared benchmark.

Liben-Nowell and Kleinberg 2007 (common neighbours, preferential attachment), Adamic and Adar 2003,
Page et al. 1999 (personalised PageRank), Hu, Koren and Volinsky 2008 (ALS), Rendle et al. 2009 (BPR).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.sparse import csr_array, diags_array

from crosstie.evaluate.protocol import Split
from crosstie.matching.arrays import Floats
from crosstie.matching.ties.paths import inverse_log

RESTART = 0.5
_SEEDS = 3  # of factor models, whose scores are averaged

Ranking = Callable[[Split, int], Floats]


def _degree(split: Split) -> Floats:
    return np.asarray(split.ties.sum(axis=1), dtype=np.float64).ravel()


def _logs(split: Split) -> csr_array:
    return csr_array(split.contacts.log1p())


def common_neighbours(split: Split, seed: int) -> Floats:
    """How many both know."""
    del seed
    return np.asarray((split.ties @ split.ties).toarray())


def adamic_adar(split: Split, seed: int) -> Floats:
    """How many both know, the less known counting more."""
    del seed
    return np.asarray(
        (split.ties @ diags_array(inverse_log(_degree(split))) @ split.ties).toarray()
    )


def preferential_attachment(split: Split, seed: int) -> Floats:
    """Those with many ties make more."""
    del seed
    degree = _degree(split)
    return np.outer(degree, degree)


def personalised_pagerank(split: Split, seed: int) -> Floats:
    """Where walks end that start at a member and return there with RESTART a step."""
    del seed
    weights = _logs(split).toarray()
    total = weights.sum(axis=1)
    step = np.divide(1, total, out=np.zeros(len(total)), where=total > 0)[:, None] * weights
    return np.asarray(RESTART * np.linalg.inv(np.eye(len(total)) - (1 - RESTART) * step))


def als(split: Split, seed: int) -> Floats:
    """Factors of the logarithm of contacts."""
    return _averaged(lambda number: factors(_single(_logs(split)), number, threads=2), seed)


def factors(matrix: object, seed: int, threads: int) -> tuple[Floats, Floats]:
    """Of rows and of columns, by alternating least squares. Raises ImportError without the extra."""
    from implicit.als import (  # noqa: PLC0415  an extra: see pyproject.toml
        AlternatingLeastSquares,
    )

    model = AlternatingLeastSquares(
        factors=8,
        regularization=1.0,
        alpha=10.0,
        iterations=15,
        random_state=seed,
        num_threads=threads,
    )
    model.fit(matrix, show_progress=False)
    return np.asarray(model.user_factors), np.asarray(model.item_factors)


def bpr(split: Split, seed: int) -> Floats:
    """Factors that put ties before pairs that have none."""
    from implicit.bpr import (  # noqa: PLC0415  an extra: see pyproject.toml
        BayesianPersonalizedRanking,
    )

    def fitted(number: int) -> tuple[Floats, Floats]:
        model = BayesianPersonalizedRanking(
            factors=min(32, max(4, split.ties.shape[0] // 3)),
            learning_rate=0.01,
            regularization=0.01,
            iterations=200,
            random_state=number,
            num_threads=1,
        )
        model.fit(_single(split.ties), show_progress=False)
        return np.asarray(model.user_factors), np.asarray(model.item_factors)

    return _averaged(fitted, seed)


def _single(matrix: csr_array) -> object:
    """What `implicit` takes: an old matrix of 32 bit floats."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415  only here

    return csr_matrix(matrix.astype(np.float32))


def _averaged(fitted: Callable[[int], tuple[Floats, Floats]], seed: int) -> Floats:
    total: Floats | None = None
    for number in range(seed, seed + _SEEDS):
        users, items = fitted(number)
        score = users @ items.T
        even = ((score - score.mean()) / (score.std() + 1e-9)).astype(np.float64)
        total = even if total is None else total + even
    assert total is not None
    return total


BASELINES: Mapping[str, Ranking] = {  # named as in the shared benchmark
    "cn": common_neighbours,
    "aa": adamic_adar,
    "pa": preferential_attachment,
    "als": als,
    "bpr": bpr,
    "ppr": personalised_pagerank,
}
IN_WORDS: Mapping[str, str] = {
    "cn": "common neighbours",
    "aa": "Adamic-Adar",
    "pa": "preferential attachment",
    "als": "ALS",
    "bpr": "BPR",
    "ppr": "personalised PageRank",
}
