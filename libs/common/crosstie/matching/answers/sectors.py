"""How much rather one sector accepts another than all do: of what many said, and named by hashes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import numpy as np

from crosstie.matching.answers.features import UNIT
from crosstie.matching.answers.rates import beyond, held
from crosstie.matching.arrays import Floats, Ints

LEAST_PEOPLE = 5  # who decided, before two sectors are remembered
_BITS = 24


def learned(
    said: Iterable[tuple[str, str, bool]], sector: Mapping[str, str], rate: float
) -> dict[int, int]:
    """Of (by, about, yes): log-odds beyond `rate` by the hashes of two sectors, in thousandths."""
    counts: dict[int, tuple[int, int]] = {}
    people: dict[int, set[str]] = {}
    for by, about, yes in said:
        if by in sector and about in sector:
            key = _key(sector[by], sector[about])
            accepted, asked = counts.get(key, (0, 0))
            counts[key] = accepted + yes, asked + 1
            people.setdefault(key, set()).add(by)
    kept = sorted(key for key in counts if len(people[key]) >= LEAST_PEOPLE)
    if not kept:
        return {}
    accepted, asked = np.array([counts[key] for key in kept], dtype=np.float64).T
    near = np.full(len(kept), rate)
    odds = np.rint(beyond(held(accepted, asked, near), near) * UNIT).astype(np.int64)
    return dict(zip(kept, odds.tolist(), strict=True))


def between(known: Mapping[int, int], names: Sequence[str]) -> dict[int, float]:
    """The same by codes: place of one x number of names + place of the other."""
    code = {_hash(name): place for place, name in enumerate(names)}
    pairs = ((key >> _BITS, key & ((1 << _BITS) - 1), odds) for key, odds in known.items())
    return {
        code[one] * len(names) + code[other]: odds / UNIT
        for one, other, odds in pairs
        if one in code and other in code
    }


def looked_up(known: Mapping[int, float], one: Ints, other: Ints, size: int) -> Floats:
    """Per pair of codes what is known of them; 0 without, and where a code is below 0."""
    if not known:
        return np.zeros(len(one))
    keys = np.array(sorted(known), dtype=np.int64)
    odds = np.array([known[key] for key in keys.tolist()])
    wanted = one * size + other
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found = (keys[place] == wanted) & (one >= 0) & (other >= 0)
    return np.where(found, odds[place], 0.0)


def _key(one: str, other: str) -> int:
    return _hash(one) << _BITS | _hash(other)


def _hash(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=_BITS // 8).digest(), "big")
