"""The columns of people once few of them changed: their entries alone are read anew.

Not where a sector comes or goes: others may have wished for it all along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching.arrays import Ints
from crosstie.matching.base import Base
from crosstie.matching.codes import Codes
from crosstie.matching.people import (
    CODED,
    UNKNOWN,
    Items,
    People,
    checksum,
    interests,
    items,
    wished,
)
from crosstie.matching.profiles import Profile, Texts

_PLAIN = (
    "eligible", "level", "wished_directions", "generous", "waiting_since",
    "weekly", "mentors", "mentees", "available",
)  # fmt: skip


def renewed(
    people: People, base: Base, changes: Mapping[str, tuple[Profile, Profile]]
) -> People | None:
    """`people` with the profiles of some replaced, each by the other; None where a sector moves."""
    changed = [pair for _, pair in sorted(changes.items()) if pair[0] != pair[1]]
    if not changed:
        return people
    before, now = zip(*changed, strict=True)
    at = np.array([people.index[each.subject] for each in now], dtype=np.int64)
    codes, coded = _coded(people, at, before, now)
    sectors = codes["sector"]
    if sectors.names != people.sector_names:
        return None
    plain = {name: [getattr(each, name) for each in now] for name in _PLAIN}
    plain["wishes_sectors"] = [bool(each.wished_sectors) for each in now]
    plain["reports_to"] = [checksum(each.reports_to) for each in now]
    plain["manager"] = [people.index.get(each.reports_to, UNKNOWN) for each in now]
    news = {name: _put(getattr(people, name), at, values) for name, values in plain.items()}
    wishes = wished(at.tolist(), now, sectors)
    texts: dict[str, Any] = {
        name: _said_otherwise(getattr(people, name), at, before, now, name, base)
        for name in ("needs", "offers")
    }
    wished_sectors = _put_wishes(people, at, wishes)
    after = replace(people, **news, **coded, **texts, codes=codes, wished_sectors=wished_sectors)
    return after.keeping(people)


def _coded(
    people: People, at: Ints, before: Sequence[Profile], now: Sequence[Profile]
) -> tuple[dict[str, Codes], dict[str, Any]]:
    """The codes that are in use now, and the columns by these."""
    codes, columns = dict[str, Codes](), dict[str, Any]()
    for name in CODED:
        said = [getattr(each, name) for each in now]
        codes[name], moved = people.codes[name].after((getattr(p, name) for p in before), said)
        column = getattr(people, name)
        if moved is not None:
            column = moved[column]
        columns[name] = _put(column, at, codes[name].coded(said))
    codes["interests"], moved = people.codes["interests"].after(
        chain.from_iterable(each.interests for each in before),
        chain.from_iterable(each.interests for each in now),
    )
    same = all(one.interests == two.interests for one, two in zip(before, now, strict=True))
    columns["interests"] = people.interests if same else _interests(people, at, now, codes, moved)
    return codes, columns


def _interests(
    people: People,
    at: Ints,
    now: Sequence[Profile],
    codes: Mapping[str, Codes],
    moved: Ints | None,
) -> csr_array:
    old, news = people.interests, interests(now, codes["interests"])
    to = old.indices if moved is None else moved[old.indices]
    ends, rows = old.indptr.tolist(), at.tolist()
    cut = [(ends[row], ends[row + 1]) for row in rows]
    indices = _pieces(to, news.indices, cut, list(pairwise(news.indptr.tolist())))
    counts = np.diff(old.indptr)
    counts[at] = np.diff(news.indptr)
    pointer = np.concatenate([[0], np.cumsum(counts)]).astype(old.indptr.dtype)
    indices = indices.astype(old.indices.dtype, copy=False)
    shape = (len(counts), news.shape[1])
    return csr_array((np.ones(len(indices)), indices, pointer), shape=shape)


def _put_wishes(people: People, at: Ints, wishes: Ints) -> Ints:
    """The wished sectors with those of members `at` replaced by `wishes`."""
    size, before = max(people.sectors, 1), people.wished_sectors
    first, last = (np.searchsorted(before, each * size) for each in (at, at + 1))
    theirs = [before[low:high] for low, high in zip(first.tolist(), last.tolist(), strict=True)]
    if np.array_equal(np.concatenate(theirs), wishes):
        return before
    stays = np.ones(len(before), dtype=np.bool_)
    for low, high in zip(first.tolist(), last.tolist(), strict=True):
        stays[low:high] = False
    return np.sort(np.concatenate([before[stays], wishes]))


def _said_otherwise(
    before: Items,
    at: Ints,
    old: Sequence[Profile],
    now: Sequence[Profile],
    name: str,
    base: Base,
) -> Items:
    """The needs, or the offers: itself where nobody said others."""
    differ = [
        k
        for k, (one, two) in enumerate(zip(old, now, strict=True))
        if getattr(one, name) != getattr(two, name)
    ]
    if not differ:
        return before
    return _spliced(before, at[differ], [getattr(now[k], name) for k in differ], base)


def _put(column: Any, at: Ints, values: Ints | Sequence[int]) -> Any:
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
