"""Compiled: what kernels do with numbers in order: keep the best few, find where one is."""

from __future__ import annotations

from typing import Any

from crosstie.matching.compiled import Compiled


def _raised(keys: Any, those: Any, place: Any, key: Any, one: Any) -> None:
    """Put `one` where its key belongs among those up to `place`, the last of which goes.

    The keys descend; of equal ones the first to come stays before the others.
    """
    while place > 0 and keys[place - 1] < key:
        keys[place] = keys[place - 1]
        those[place] = those[place - 1]
        place -= 1
    keys[place] = key
    those[place] = one


def _keep(keys: Any, those: Any, kept: Any, key: Any, one: Any) -> Any:
    """Put `one` among the `kept` of greatest key, if it is one of them; how many are kept then.

    At most as many as `keys` has room for, which is one or more.
    """
    most = len(keys)
    if kept == most and key <= keys[most - 1]:
        return kept
    raised(keys, those, min(kept, most - 1), key, one)
    return min(kept + 1, most)


def _find(those: Any, low: Any, end: Any, wanted: Any) -> Any:
    """Where `wanted` is in those[low:end], which ascend; -1: nowhere."""
    high = end
    while low < high:
        middle = (low + high) // 2
        if those[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low if low < end and those[low] == wanted else -1


raised = Compiled(_raised)
keep = Compiled(_keep)
find = Compiled(_find)
