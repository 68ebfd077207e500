"""Who might be worth suggesting to whom: a union of named sources, each with its quota per member.

Only people with a free slot are looked at, on both sides, so no quota is spent on the unavailable.
Which source brought a pair is kept, as a bit each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching import kernels
from crosstie.matching import policy as rules
from crosstie.matching.arrays import Bools, Draws, Ints, keys_of, sparse
from crosstie.matching.graph import Graph, onward, strongest, symmetric
from crosstie.matching.mentoring import Ask, Roles
from crosstie.matching.people import Items, People

SOURCES: Mapping[str, int] = {
    "friends-of-friends": 1,
    "needs-and-offers": 2,
    "up": 4,
    "down": 8,
    "across": 16,
    "dormant": 32,
    "random": 64,
    "mentors": 128,
}

MOST_SHARING = 200  # items of one word that are followed


@dataclass(frozen=True, slots=True)
class Pairs:
    """Candidate pairs, each once, a[k] < b[k], ascending; `sources` are bits of SOURCES."""

    a: Ints
    b: Ints
    sources: Ints

    def __len__(self) -> int:
        return len(self.a)

    def joined(self, others: Pairs) -> Pairs:
        """These, then `others`: no pair may be in both."""
        return Pairs(
            np.concatenate([self.a, others.a]),
            np.concatenate([self.b, others.b]),
            np.concatenate([self.sources, others.sources]),
        )


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to search for, among whom, never which pairs; `order` is the draw of every member."""

    people: People
    graph: Graph
    rows: Ints  # members to serve that have a free slot
    columns: Ints  # everyone with a free slot
    ruled_out: csr_array  # by member, with whom they are never paired; symmetric
    order: Draws
    rank: Ints  # place of every member in the order of their draws


Found = tuple[Ints, Ints, int]  # row member, column member, source's bit


def introductions(search: Search, quotas: rules.Candidates) -> Pairs:
    """Candidates for people who have not met: `search` rules out those who have."""
    found = [*_common(search, quotas), *_levels(search, quotas)]
    found.append((*_spin(search, search.rows, search.columns, quotas.random), SOURCES["random"]))
    return _union(found, len(search.people))


def reconnections(search: Search, quotas: rules.Candidates, before: int) -> Pairs:
    """Ties without contact since `before`: each member's richest in contacts."""
    graph, size = search.graph, len(search.people)
    dormant = graph.last < before
    old = symmetric(
        graph.a[dormant], graph.b[dormant], graph.contacts[dormant].astype(np.float64), size
    )
    itself = csr_array((np.ones(size), np.arange(size), np.arange(size + 1)), shape=(size, size))
    found = _top(search, (search.rows, search.rows), old, _among(search, itself), quotas.dormant)
    return _union([(*found, SOURCES["dormant"])], size)


def mentorings(search: Search, quotas: rules.Candidates, roles: Roles) -> Pairs:
    """Candidates among people who offer or want mentoring, mentor and mentee in either order."""
    found = list(_common(search, quotas))
    for ask in roles.asks():
        rows, pool = search.rows[ask.askers[search.rows]], search.columns[ask.asked[search.columns]]
        found.extend(_near(search, rows, pool, ask, quotas.mentors))
    return _union(found, len(search.people))


def _near(search: Search, rows: Ints, pool: Ints, ask: Ask, quota: int) -> Iterator[Found]:
    level = search.people.level
    for own in np.unique(level[rows]):
        near = pool[ask.near(int(own), level[pool])]
        yield (*_spin(search, rows[level[rows] == own], near, quota), SOURCES["mentors"])


def _common(search: Search, quotas: rules.Candidates) -> Iterator[Found]:
    weights = search.graph.weights
    second = _among(search, onward(weights, quotas.hub_ties))
    rows = (search.rows, search.rows)
    yield (
        *_top(search, rows, weights, second, quotas.friends_of_friends),
        SOURCES["friends-of-friends"],
    )
    needs, offers = search.people.needs, search.people.offers
    for wanted, given in ((needs, offers), (offers, needs)):
        found = _answering(search, wanted, given, quotas.needs_and_offers)
        yield (*found, SOURCES["needs-and-offers"])


def _answering(search: Search, wanted: Items, given: Items, quota: int) -> tuple[Ints, Ints]:
    """For every item of the rows, the members whose items are nearest in words: these add up.

    Through a word that very many use, only the items of which it is most are reached: it tells
    little, and would cost the square of its use.
    """
    size = len(search.people)
    theirs = np.flatnonzero(_mask(search.columns, size)[given.owner])
    turned = csr_array(given.vectors[theirs].T)
    turned = strongest(turned, MOST_SHARING, search.rank[given.owner[theirs]])
    items = np.flatnonzero(_mask(search.rows, size)[wanted.owner])
    asked = (items, wanted.owner[items])
    return _top(search, asked, wanted.vectors, turned, quota, given.owner[theirs])


def _levels(search: Search, quotas: rules.Candidates) -> Iterator[Found]:
    level = search.people.level
    theirs = level[search.columns]
    for own in np.unique(level[search.rows]):
        rows = search.rows[level[search.rows] == own]
        known = (theirs > 0) & (own > 0)
        for name, quota, pool in (
            ("up", quotas.up, known & (theirs > own)),
            ("down", quotas.down, known & (theirs < own)),
            ("across", quotas.across, theirs == own),
        ):
            yield (*_spin(search, rows, search.columns[pool], quota), SOURCES[name])


def _spin(search: Search, rows: Ints, pool: Ints, quota: int) -> tuple[Ints, Ints]:
    """For every row `quota` of `pool`: the pool in its drawn order, from where the row's draw points."""
    if len(pool) == 0 or len(rows) == 0 or quota == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    ring = pool[np.argsort(search.rank[pool])]
    start = (search.order[rows] % np.uint64(len(ring))).astype(np.int64)
    pointer, ruled_out, _ = sparse(search.ruled_out)
    most = min(len(ring), 3 * quota + 2)
    mine, met = kernels.following(rows, start, ring, pointer, ruled_out, quota, most)
    return mine, met


def _top(
    search: Search,
    asked: tuple[Ints, Ints],
    left: csr_array,
    right: csr_array,
    quota: int,
    group: Ints | None = None,
) -> tuple[Ints, Ints]:
    """The `quota` best of (left @ right)[row] for each (row, its owner) asked; equals by their draw.

    Column j is a member, or where `group` is given something of member group[j].
    """
    pointer, ruled_out, _ = sparse(search.ruled_out)
    whose = np.empty(0, dtype=np.int64) if group is None else group
    owner, found = kernels.foremost(
        *asked, *sparse(left), *sparse(right), whose, search.rank, pointer, ruled_out, quota
    )
    return owner, found


def _among(search: Search, matrix: csr_array) -> csr_array:
    """`matrix` without the columns of people who are not looked among."""
    keep = _mask(search.columns, matrix.shape[1])[matrix.indices]
    ends = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    return csr_array((matrix.data[keep], matrix.indices[keep], ends), shape=matrix.shape)


def _mask(members: Ints, size: int) -> Bools:
    mask = np.zeros(size, dtype=np.bool_)
    mask[members] = True
    return mask


def _union(found: list[Found], size: int) -> Pairs:
    nothing = np.empty(0, dtype=np.int64)
    keys = np.concatenate([nothing, *(keys_of(row, column, size) for row, column, _ in found)])
    bits = np.concatenate([nothing, *(np.full(len(row), bit) for row, _, bit in found)])
    unique, place = np.unique(keys, return_inverse=True)
    sources = np.zeros(len(unique), dtype=np.int64)
    np.bitwise_or.at(sources, place, bits)
    return Pairs(unique // max(size, 1), unique % max(size, 1), sources)
