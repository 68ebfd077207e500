"""Compiled: what searches of many rows do with each: bar whom it rules out, write down whom it found."""

from __future__ import annotations

from typing import Any

from crosstie.matching.compiled import Compiled


def _bar(barred: Any, i: Any, me: Any, ruled_ptr: Any, ruled_to: Any) -> None:
    """barred[who] = i, for `me` and whoever `me` rules out."""
    barred[me] = i
    for k in range(ruled_ptr[me], ruled_ptr[me + 1]):
        barred[ruled_to[k]] = i


def _listed(mine: Any, found: Any, end: Any, me: Any, best: Any, kept: Any) -> Any:
    """Write the pairs of `me` and the first `kept` of `best` from `end` on; where the next begin."""
    for t in range(kept):
        mine[end + t] = me
        found[end + t] = best[t]
    return end + kept


bar = Compiled(_bar)
listed = Compiled(_listed)
