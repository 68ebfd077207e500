"""Compiled: columns standardised within a list and added up by weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from crosstie.matching.compiled import Compiled


def _weigh(table: Any, length: Any, weights: Any, score: Any) -> None:
    """score[k] becomes the sum of weights x standardised row k, of the first `length` of `table`.

    As `lists.standardised`: less the mean, by the deviation, from -4 to 6; a column that is the same
    for all counts for nothing. The table is used up.
    """
    columns = len(weights)
    mean = np.zeros(columns)
    apart = np.zeros(columns)
    widest = np.zeros(columns)
    for k in range(length):
        for c in range(columns):
            mean[c] += table[k, c]
            widest[c] = max(widest[c], abs(table[k, c]))
    for c in range(columns):
        mean[c] /= max(length, 1)  # of who knows everybody near there is no list
    for k in range(length):
        for c in range(columns):
            away = table[k, c] - mean[c]
            apart[c] += away * away
    for c in range(columns):
        deviation = np.sqrt(apart[c] / max(length, 1))
        flat = deviation <= 1e-9 * max(widest[c], 1e-30) or weights[c] == 0.0
        apart[c] = 0.0 if flat else 1.0 / deviation
    for k in range(length):
        for c in range(columns):
            table[k, c] = weights[c] * min(max((table[k, c] - mean[c]) * apart[c], -4.0), 6.0)
        one = two = three = four = 0.0  # four sums: each waits for itself alone
        for c in range(0, columns - 3, 4):
            one += table[k, c]
            two += table[k, c + 1]
            three += table[k, c + 2]
            four += table[k, c + 3]
        for c in range(columns // 4 * 4, columns):
            one += table[k, c]
        score[k] = (one + two) + (three + four)


weigh = Compiled(_weigh)
