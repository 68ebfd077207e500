"""Who might be worth suggesting to whom: a union of named sources, each with its quota per member.

Only people with a free slot are looked at, on both sides, so no quota is spent on the unavailable.
Which source brought a pair is kept, as a bit each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from crosstie.matching import policy as rules
from crosstie.matching.arrays import Bools, Draws, Ints, contains, keys_of, millionths
from crosstie.matching.graph import Graph, adamic_adar, onward, symmetric
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
_BLOCK_ENTRIES = 4_000_000  # of one product at a time: bounds memory


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
    never: Ints  # keys of pairs, ascending
    ruled_out: Ints  # by member, how many pairs of theirs are in `never`
    order: Draws


@dataclass(frozen=True, slots=True)
class Roles:
    """Who has a free slot to mentor, to be mentored, and who wants a mentor junior to them."""

    offers: Bools
    wants: Bools
    wants_below: Bools
    gaps: tuple[int, int]  # least and widest distance of levels


Found = tuple[Ints, Ints, int]  # row member, column member, source's bit


def introductions(search: Search, quotas: rules.Candidates) -> Pairs:
    """Candidates for people who have not met: `search.never` holds those who have."""
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
    scores = csr_array(old[search.rows][:, search.columns])
    return _union([(*_top(search, scores, search.rows, quotas.dormant), SOURCES["dormant"])], size)


def mentorings(search: Search, quotas: rules.Candidates, roles: Roles) -> Pairs:
    """Candidates among people who offer or want mentoring, mentor and mentee in either order."""
    found = list(_common(search, quotas))
    gap, widest = roles.gaps
    for askers, asked, low, high in (
        (roles.wants, roles.offers, gap, widest),
        (roles.offers, roles.wants, -widest, -gap),
        (roles.wants_below, roles.offers, -widest, -gap),
        (roles.offers, roles.wants_below, gap, widest),
    ):
        rows, pool = search.rows[askers[search.rows]], search.columns[asked[search.columns]]
        found.extend(_spans(search, rows, pool, (low, high), quotas.mentors))
    return _union(found, len(search.people))


def _spans(
    search: Search, rows: Ints, pool: Ints, span: tuple[int, int], quota: int
) -> Iterator[Found]:
    level = search.people.level
    for own in np.unique(level[rows]):
        low, high = max(own + span[0], 1), own + span[1]
        near = pool[(level[pool] >= low) & (level[pool] <= high)]
        if own > 0:
            yield (*_spin(search, rows[level[rows] == own], near, quota), SOURCES["mentors"])


def _common(search: Search, quotas: rules.Candidates) -> Iterator[Found]:
    bit = SOURCES["friends-of-friends"]
    second = csr_array(onward(search.graph.weights, quotas.hub_ties)[:, search.columns])
    for rows in _blocks(search.rows, len(search.columns)):
        scores = adamic_adar(search.graph.weights, rows, second)
        yield (*_top(search, scores, rows, quotas.friends_of_friends), bit)
    needs, offers = search.people.needs, search.people.offers
    for wanted, given in ((needs, offers), (offers, needs)):
        yield from _answering(search, wanted, given, quotas.needs_and_offers)


def _answering(search: Search, wanted: Items, given: Items, quota: int) -> Iterator[Found]:
    """For every item of the rows, the members whose items are nearest in words."""
    theirs = np.flatnonzero(np.isin(given.owner, search.columns))
    place = np.searchsorted(search.columns, given.owner[theirs])
    onto = csr_array(  # items to members: their nearness adds up
        (np.ones(len(theirs)), (np.arange(len(theirs)), place)),
        shape=(len(theirs), len(search.columns)),
    )
    turned = csr_array(given.vectors[theirs].T)
    for items in _blocks(np.flatnonzero(np.isin(wanted.owner, search.rows)), len(theirs)):
        scores = csr_array(csr_array(wanted.vectors[items] @ turned) @ onto)
        yield (*_top(search, scores, wanted.owner[items], quota), SOURCES["needs-and-offers"])


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
    ring = pool[np.lexsort((pool, search.order[pool]))]
    start = (search.order[rows] % np.uint64(len(ring))).astype(np.int64)
    steps = np.arange(min(len(ring), 3 * quota + 2))
    met = ring[(start[:, None] + steps) % len(ring)]
    mine = np.broadcast_to(rows[:, None], met.shape)
    free = (met != mine) & ~contains(search.never, keys_of(mine, met, len(search.people)))
    kept = free & (np.cumsum(free, axis=1) <= quota)
    return mine[kept], met[kept]


def _top(search: Search, scores: csr_array, rows: Ints, quota: int) -> tuple[Ints, Ints]:
    """The `quota` best columns of every row of `scores`; equal ones by their draw."""
    entries = _foremost(search, scores, rows, quota)
    place = np.searchsorted(scores.indptr, entries, side="right") - 1
    row, column = rows[place], search.columns[scores.indices[entries]]
    score = millionths(scores.data[entries])
    never = contains(search.never, keys_of(row, column, len(search.people)))
    fit = (score > 0) & (row != column) & ~never
    place, row, column, score = place[fit], row[fit], column[fit], score[fit]
    order = np.lexsort((column, search.order[column], -score, place))
    place = place[order]
    rank = np.arange(len(place)) - np.searchsorted(place, place)
    best = order[rank < quota]
    return row[best], column[best]


def _foremost(search: Search, scores: csr_array, rows: Ints, quota: int) -> Ints:
    """Entries of `scores` that hold each row's best, enough of them whichever pairs are ruled out."""
    columns = search.columns
    drawn = np.empty(len(columns), dtype=np.int64)
    drawn[np.lexsort((columns, search.order[columns]))] = np.arange(len(columns))[::-1]
    ranked = millionths(scores.data) * max(len(columns), 1) + drawn[scores.indices]
    enough = quota + 1 + search.ruled_out[rows]
    ends = zip(
        scores.indptr[:-1].tolist(), scores.indptr[1:].tolist(), enough.tolist(), strict=True
    )
    return np.concatenate(
        [
            np.empty(0, dtype=np.int64),
            *(
                low + np.sort(np.argpartition(ranked[low:high], high - low - most)[-most:])
                if high - low > most
                else np.arange(low, high)
                for low, high, most in ends
            ),
        ]
    )


def _blocks(rows: Ints, width: int) -> Iterator[Ints]:
    size = max(_BLOCK_ENTRIES // max(width, 1), 1)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _union(found: list[Found], size: int) -> Pairs:
    nothing = np.empty(0, dtype=np.int64)
    keys = np.concatenate([nothing, *(keys_of(row, column, size) for row, column, _ in found)])
    bits = np.concatenate([nothing, *(np.full(len(row), bit) for row, _, bit in found)])
    unique, place = np.unique(keys, return_inverse=True)
    sources = np.zeros(len(unique), dtype=np.int64)
    np.bitwise_or.at(sources, place, bits)
    return Pairs(unique // max(size, 1), unique % max(size, 1), sources)
