"""The columns of people once few of them changed: their entries alone are read anew.

Only where every code stays what it is: codes number what all members say, so that a new sector, or
the last one's leaving, moves those of others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints
from crosstie.matching.base import Base
from crosstie.matching.people import UNKNOWN, Items, People, items
from crosstie.matching.profiles import Profile, Texts

_CODED = ("sector", "profession", "place", "role", "organisation", "wished_sectors", "interests")
_PLAIN = (
    "eligible", "level", "wished_directions", "generous", "waiting_since",
    "weekly", "mentors", "mentees", "available",
)  # fmt: skip


def renewed(
    people: People, base: Base, changes: Mapping[str, tuple[Profile, Profile]]
) -> People | None:
    """`people` with the profiles of some replaced, each by the other; None where codes may move."""
    changed = [pair for pair in changes.values() if pair[0] != pair[1]]
    if any(getattr(one, name) != getattr(two, name) for one, two in changed for name in _CODED):
        return None
    profiles = sorted((now for _, now in changed), key=lambda each: each.subject)
    at = np.array([people.index[each.subject] for each in profiles], dtype=np.int64)
    managers = [people.index.get(each.reports_to, UNKNOWN) for each in profiles]
    plain = {name: [getattr(each, name) for each in profiles] for name in _PLAIN}
    news: dict[str, Any] = {
        name: _put(getattr(people, name), at, values) for name, values in plain.items()
    }
    return replace(
        people,
        **news,
        manager=_put(people.manager, at, managers),
        needs=_spliced(people.needs, at, [each.needs for each in profiles], base),
        offers=_spliced(people.offers, at, [each.offers for each in profiles], base),
    )


def _put(column: Any, at: Ints, values: list[int]) -> Any:
    """The same array where nothing differs: what hangs on it stays good."""
    if np.array_equal(column[at], values):
        return column
    after = column.copy()
    after[at] = values
    return after


def _spliced(before: Items, at: Ints, texts: list[Texts], base: Base) -> Items:
    """`before` with the items of members `at`, ascending, replaced by `texts`."""
    news = items(texts, base)
    first, ends = before.first, before.vectors.indptr
    counts = np.diff(first)
    counts[at] = np.diff(news.first)
    old = list(zip(first[at].tolist(), first[at + 1].tolist(), strict=True))
    new = list(zip(news.first[:-1].tolist(), news.first[1:].tolist(), strict=True))
    lengths = _pieces(np.diff(ends), np.diff(news.vectors.indptr), old, new)
    cut = [(int(ends[low]), int(ends[high])) for low, high in old]
    paste = news.vectors.indptr[news.first].tolist()
    pasted = list(pairwise(paste))
    values = _pieces(before.vectors.data, news.vectors.data, cut, pasted)
    words = _pieces(before.vectors.indices, news.vectors.indices, cut, pasted)
    pointers = np.concatenate([[0], np.cumsum(lengths)]).astype(ends.dtype)
    shape = (len(lengths), before.vectors.shape[1])
    names = chain.from_iterable(
        (*before.names[low:high], *mine)
        for low, high, mine in zip(
            [0, *(end for _, end in old)],
            [*(begin for begin, _ in old), len(before.names)],
            [*(news.names[low:high] for low, high in new), ()],
            strict=True,
        )
    )
    return Items(
        owner=np.repeat(np.arange(len(counts)), counts),
        names=tuple(names),
        vectors=csr_array((values, words, pointers), shape=shape),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
    )


def _pieces(
    before: Any, news: Any, cut: list[tuple[int, int]], paste: list[tuple[int, int]]
) -> Any:
    """`before` with each span of `cut` replaced by that of `news`."""
    parts: list[Any] = []
    last = 0
    for (low, high), (begin, end) in zip(cut, paste, strict=True):
        parts += [before[last:low], news[begin:end]]
        last = high
    return np.concatenate([*parts, before[last:]]).astype(before.dtype, copy=False)
