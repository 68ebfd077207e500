"""Who might be worth suggesting to whom: a union of named sources, each with its quota per member.

Only people with a free slot are looked at, on both sides, so no quota is spent on the unavailable.
Which source brought a pair is kept, as a bit each. The sources: `crosstie.matching.sources`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crosstie.matching import policy as rules
from crosstie.matching.arrays import Bools, Ints, Places, keys_of
from crosstie.matching.mentoring import Roles
from crosstie.matching.sources import (
    chance,
    dormant,
    friends,
    latent,
    levels,
    needs,
    pagerank,
    problems,
    promising,
)
from crosstie.matching.sources import near as nearest
from crosstie.matching.sources.search import Found, Search, ruled_out
from crosstie.matching.ties.near import Near

__all__ = [
    "SOURCES",
    "Pairs",
    "Search",
    "introductions",
    "mentorings",
    "reconnections",
    "ruled_out",
]

SOURCES: Mapping[str, int] = {
    "friends-of-friends": 1,
    "needs-and-offers": 2,
    "up": 4,
    "down": 8,
    "across": 16,
    "dormant": 32,
    "random": 64,
    "mentors": 128,
    "promising": 256,
    "near": 512,
    "pagerank": 1024,
    "same-problem": 2048,
    "latent": 4096,
}
_BITS = 16  # room for sources

Named = tuple[str, Found]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs, each once, a[k] < b[k], ascending; `sources` are bits of SOURCES."""

    a: Ints
    b: Ints
    sources: Places

    def __len__(self) -> int:
        return len(self.a)

    def joined(self, others: Pairs) -> Pairs:
        """These, then `others`: no pair may be in both."""
        return Pairs(
            np.concatenate([self.a, others.a]),
            np.concatenate([self.b, others.b]),
            np.concatenate([self.sources, others.sources]),
        )

    def where(self, mask: Bools) -> Pairs:
        """Those of `mask`."""
        if mask.all():
            return self
        return Pairs(self.a[mask], self.b[mask], self.sources[mask])


class Standing(promising.Standing, Protocol):
    """What a round knows of members that the search does not."""

    @property
    def near(self) -> Near: ...


def introductions(search: Search, policy: rules.Policy, standing: Standing) -> Pairs:
    """Candidates for people who have not met: `search` rules out those who have."""
    if len(search.rows) == 0:
        return _union((), len(search.people))
    quotas, words = policy.candidates, needs.words(search)

    def found() -> Iterator[Named]:  # one source after another: none waits in memory for the last
        yield from _common(search, quotas, words)
        yield "promising", promising.find(search, quotas.promising, policy, standing, words)
        yield "near", nearest.find(search, quotas.near, standing.near)
        yield "pagerank", pagerank.find(search, quotas.pagerank, quotas.hub_ties)
        yield "same-problem", problems.find(search, quotas.same_problem)
        yield "latent", latent.find(search, quotas.latent)
        yield "up", levels.up(search, quotas.up)
        yield "down", levels.down(search, quotas.down)
        yield "across", levels.across(search, quotas.across)
        yield "random", chance.find(search, quotas.random)

    return _union(found(), len(search.people))


def reconnections(search: Search, quotas: rules.Candidates, before: int) -> Pairs:
    """Ties without contact since `before`."""
    if len(search.rows) == 0:
        return _union((), len(search.people))
    found = dormant.find(search, quotas.dormant, before)
    return _union([("dormant", found)], len(search.people))


def mentorings(search: Search, quotas: rules.Candidates, roles: Roles) -> Pairs:
    """Candidates among people who offer or want mentoring, mentor and mentee in either order."""
    if len(search.rows) == 0:
        return _union((), len(search.people))

    def found() -> Iterator[Named]:
        yield from _common(search, quotas, needs.words(search))
        for ask in roles.asks():
            yield "mentors", levels.asked(search, quotas.mentors, ask)

    return _union(found(), len(search.people))


def _common(
    search: Search, quotas: rules.Candidates, words: tuple[needs.Words, needs.Words]
) -> Iterator[Named]:
    followed = friends.find(search, quotas.friends_of_friends, quotas.hub_ties)
    yield "friends-of-friends", followed
    yield "needs-and-offers", needs.find(search, quotas.needs_and_offers, words)


def _union(found: Iterable[Named], size: int) -> Pairs:
    nothing = np.empty(0, dtype=np.int64)
    marked = [(keys_of(*pairs, size) << _BITS) | SOURCES[name] for name, pairs in found]
    keys = np.concatenate([nothing, *marked])
    del marked
    keys.sort()
    bits = (keys & ((1 << _BITS) - 1)).astype(np.int32)
    keys >>= _BITS
    new = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    first, keys = np.flatnonzero(new), keys[new]
    sources = np.bitwise_or.reduceat(bits, first) if len(first) else bits
    return Pairs(keys // max(size, 1), keys % max(size, 1), sources)
