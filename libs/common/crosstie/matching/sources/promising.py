"""Who looks worth most: everybody within reach by a fast estimate; the best go on to be scored.

The other sources find people by one thing each; a pair may be best by a little of everything. Where
few have a free slot all of them are looked at, else those with shared contacts or with words that
answer, and people of the groups (sector, level, wishes) that promise most. What somebody is worth to
others on average is taken off, as a price: those in demand do not fill everybody's list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crosstie.matching.arrays import MILLION, Floats, Ints, Places, millionths, sparse
from crosstie.matching.blocks import in_blocks
from crosstie.matching.graph import spread, strongest
from crosstie.matching.people import Items
from crosstie.matching.policy import Policy
from crosstie.matching.sources import estimates, reaching
from crosstie.matching.sources.needs import words
from crosstie.matching.sources.search import NOBODY, Found, Search

EVERYONE = 5_000  # people with a free slot: up to here all are looked at
MOST = 500  # looked at beyond,
MOST_NEAR = 150  # of them for shared contacts
BEST_GROUPS, OF_GROUP = 32, 10  # groups looked at beyond, people of each
MOST_GROUPS = 800  # the largest; sectors are free text, and there may be as many as people
SAMPLE = 32  # members whose view makes a price
AT_ONCE = 200_000  # pairs looked at together: bounds memory
_SHORT = 1 << 15


class Standing(Protocol):
    """By member, what a round knows of fairness."""

    @property
    def deficit(self) -> Floats: ...
    @property
    def generosity(self) -> Floats: ...
    @property
    def demand(self) -> Floats: ...
    @property
    def busy(self) -> Floats: ...


def find(search: Search, quota: int, policy: Policy, standing: Standing) -> Found:
    """The `quota` most promising of each row."""
    if quota == 0 or len(search.rows) == 0:
        return NOBODY
    look = _Look.of(search, policy, standing)
    step = max(AT_ONCE // max(look.reach.most, MOST_GROUPS), 1)
    parts = in_blocks(lambda part: look.at(search.rows[part], quota), len(search.rows), step)
    rows, columns = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(columns)


@dataclass(frozen=True, slots=True)
class _Look:
    search: Search
    reach: reaching.Reach
    words: tuple[reaching.Words, reaching.Words]
    traits: estimates.Traits
    weights: estimates.Weights
    barred: tuple[Places, Places]
    drawn: Ints  # columns in drawn order
    price: Floats  # of members, nan where it was not asked for yet

    @classmethod
    def of(cls, search: Search, policy: Policy, standing: Standing) -> _Look:
        needs, offers = search.people.needs, search.people.offers
        return cls(
            search=search,
            reach=_reach(search, policy),
            words=(_words(search, needs, offers), _words(search, offers, needs)),
            traits=_traits(search, policy, standing),
            weights=_weights(policy),
            barred=search.barred,
            drawn=search.drawn,
            price=np.full(len(search.people), np.nan),
        )

    def at(self, rows: Ints, quota: int) -> Found:
        """The most promising of some rows."""
        few = len(self.drawn) <= EVERYONE
        more = self.drawn[np.newaxis] if few else self._groups(rows)
        number, member, *shared = reaching.within_reach(
            rows, more, self.reach, *self.words, *self.barred
        )
        worth = self._worth(rows[number], member, *shared)
        self._ask_prices(member)
        score, rank = millionths(worth - self.price[member]), self.search.rank
        found = np.flatnonzero(worth > 0)
        found = found[reaching.best(number[found], member[found], score[found], rank, quota)]
        return rows[number[found]], member[found]

    def _groups(self, rows: Ints) -> Ints:
        """Per row some people of each of the groups that promise most to whoever is of its group."""
        kinds, drawn = self._kinds, self.drawn
        if kinds.max(initial=0) < _SHORT:
            kinds = kinds.astype(np.int16)  # these are sorted without a comparison
        order = drawn[np.argsort(kinds[drawn], kind="stable")]
        first, width = np.unique(kinds[order], return_index=True, return_counts=True)[1:]
        if len(first) > MOST_GROUPS:
            largest = np.sort(np.argsort(-width, kind="stable")[:MOST_GROUPS])
            first, width = first[largest], width[largest]
        _, asker, mine = np.unique(kinds[rows], return_index=True, return_inverse=True)
        likely = self._alone(
            np.repeat(rows[asker], len(first)), np.tile(order[first], len(asker))
        ).reshape(len(asker), -1)
        best = np.argsort(-likely, axis=1, kind="stable")[:, :BEST_GROUPS][mine]
        start = (self.search.order[rows] >> np.uint64(1)).astype(np.int64)
        nth = (start[:, None, None] + np.arange(OF_GROUP)) % width[best][:, :, None]
        return np.asarray(order[first[best][:, :, None] + nth].reshape(len(rows), -1))

    @property
    def _kinds(self) -> Ints:
        """By member, one number for sector, level and wished directions: people alike to others."""
        people = self.search.people
        return np.asarray((people.sector * 8 + people.level) * 8 + people.wished_directions)

    def _ask_prices(self, members: Ints) -> None:
        """What a sample of all would make of them, on average."""
        asked = np.unique(members[np.isnan(self.price[members])])
        sample = self.drawn[:SAMPLE]
        worth = self._alone(np.tile(sample, len(asked)), np.repeat(asked, len(sample)))
        self.price[asked] = worth.reshape(len(asked), len(sample)).mean(axis=1)

    def _alone(self, one: Ints, other: Ints) -> Floats:
        """Worth of pairs as if they shared nothing but what is said of each."""
        nothing, unlike = np.zeros(len(one), dtype=np.int64), np.zeros(len(one))
        return self._worth(one, other, nothing, unlike, unlike)

    def _worth(self, one: Ints, other: Ints, *shared: Ints | Floats) -> Floats:
        worth: Floats = estimates.estimates(one, other, *shared, self.traits, self.weights)
        return worth


def _reach(search: Search, policy: Policy) -> reaching.Reach:
    links, columns = search.graph.links, len(search.columns)
    onward = strongest(links, policy.candidates.hub_ties)
    return reaching.Reach(
        *sparse(links)[:2],
        *sparse(onward)[:2],
        looked=search.looked_among,
        most=columns if columns <= EVERYONE else MOST,
        most_near=columns if columns <= EVERYONE else MOST_NEAR,
        least=max(round(policy.least_likeness * MILLION), 1),
    )


def _words(search: Search, asked: Items, given: Items) -> reaching.Words:
    items, first = spread(asked.first, search.rows)
    mine, theirs = words(search, asked.vectors[items], given)
    return reaching.Words(first, *sparse(mine), *sparse(theirs), given.owner)


def _traits(search: Search, policy: Policy, standing: Standing) -> estimates.Traits:
    people, value = search.people, policy.value
    interest_ptr, interest_to, _ = sparse(people.interests)
    return estimates.Traits(
        sector=people.sector,
        profession=people.profession,
        place=people.place,
        level=people.level,
        directions=people.wished_directions,
        wishes_sectors=people.wishes_sectors,
        wish_ptr=people.wish_pointer,
        wish_to=people.wished_sectors % max(people.sectors, 1),
        interest_ptr=interest_ptr,
        interest_to=interest_to,
        contacts=np.diff(search.graph.links.indptr).astype(np.int64),
        busy=standing.busy,
        gain=(
            value.deficit * standing.deficit
            + value.generosity * standing.generosity
            - value.load * standing.demand
        )
        / 2,
    )


def _weights(policy: Policy) -> estimates.Weights:
    affinity, value = policy.affinity, policy.value
    of = {
        name: affinity if hasattr(affinity, name) else value for name in estimates.Weights._fields
    }
    return estimates.Weights(**{name: float(getattr(each, name)) for name, each in of.items()})
