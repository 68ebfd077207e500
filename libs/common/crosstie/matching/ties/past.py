"""Earlier states of a network, and the ties that came after: what there is to learn from."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from crosstie.matching.arrays import Ints
from crosstie.matching.ties.history import History

SHARES = (0.5, 0.6, 0.7, 0.8)  # of all contacts: where the past is cut
HIDDEN, REPEATS = 0.2, 4  # without times: hide this share of ties, so many times
LEAST_TIES = 5
_STEPS = 256  # of a search, tried at a time


def lessons(history: History, seed: int = 0) -> Iterator[tuple[History, Ints]]:
    """(an earlier state, which ties of `history` it lacks), with ties on both sides."""
    if len(history) < LEAST_TIES:
        return
    cuts = sorted({_moment(history, share) for share in SHARES}) if history.timed else []
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


def _moment(history: History, share: float) -> int:
    """By when there was `share` of all contacts."""
    low, high = int(history.first.min()), int(history.last.max())
    while low < high:
        step = max((high - low) // _STEPS, 1)
        tried = np.arange(low, high, step, dtype=np.int64)
        enough = np.flatnonzero(history.share_by(tried) >= share)
        if len(enough) == 0:
            low = int(tried[-1]) + 1
        else:
            high = int(tried[enough[0]])
            low = high if enough[0] == 0 else int(tried[enough[0] - 1]) + 1
    return low
