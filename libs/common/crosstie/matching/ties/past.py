"""Earlier states of a network, and the ties that came after: what there is to learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crosstie.matching.arrays import Ints
from crosstie.matching.ties.history import History

SHARES = (0.5, 0.6, 0.7, 0.8)  # of all contacts: where the past is cut
HIDDEN, REPEATS = 0.2, 4  # without times: hide this share of ties, so many times
LEAST_TIES = 5


def lessons(history: History, seed: int = 0) -> Iterator[tuple[History, Ints]]:
    """(an earlier state, which ties of `history` it lacks), with ties on both sides."""
    if len(history) < LEAST_TIES:
        return
    cuts = sorted({history.moment_of(share) for share in SHARES}) if history.timed else []
    found = [(moment, np.flatnonzero(history.first > moment)) for moment in cuts]
    found = [(moment, new) for moment, new in found if 0 < len(new) < len(history)]
    if found:
        yield from ((history.until(moment), new) for moment, new in found)
        return
    for repeat in range(REPEATS):
        order = np.random.default_rng([seed, repeat]).permutation(len(history))
        new = np.sort(order[: max(round(HIDDEN * len(history)), 1)])
        hidden = np.zeros(len(history), dtype=np.bool_)
        hidden[new] = True
        yield history.without(hidden), new
