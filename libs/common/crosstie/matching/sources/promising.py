"""Who looks worth most: everybody within reach by a fast estimate; the best go on to be scored.

The other sources find people by one thing each; a pair may be best by a little of everything. Where
few have a free slot all of them are looked at, else those with shared contacts or with words that
answer, and people of the groups (sector, level, wishes) that promise most. What somebody is worth to
others on average is taken off, as a price: those in demand do not fill everybody's list.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crosstie.matching import leanings
from crosstie.matching.arrays import MILLION, Floats, Ints, Places, sparse
from crosstie.matching.blocks import in_blocks
from crosstie.matching.graph import spread
from crosstie.matching.policy import Policy
from crosstie.matching.sources import estimates, reaching
from crosstie.matching.sources.alike import Groups, groups_of
from crosstie.matching.sources.needs import Words
from crosstie.matching.sources.search import NOBODY, Found, Search

EVERYONE = 5_000  # people with a free slot: up to here all are looked at
MOST = 500  # looked at beyond,
MOST_NEAR = 150  # of them for shared contacts
FEW_PAIRS = 20_000  # in all, that are brought whatever the quota: to score them costs some 20 ms
SAMPLE = 32  # members whose view makes a price
AT_ONCE = 100_000  # pairs looked at together: bounds memory


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


def find(
    search: Search, quota: int, policy: Policy, standing: Standing, both: tuple[Words, Words]
) -> Found:
    """The `quota` most promising of each row; more where there are few rows.

    The estimate knows nothing of what was learned of answers: so where it costs little, it leaves the
    choice to who knows.
    """
    if quota == 0 or len(search.rows) == 0:
        return NOBODY
    look = _Look.of(search, policy, standing, both)
    step = max(AT_ONCE // look.reach.most, 1)
    quota = max(quota, min(FEW_PAIRS // len(search.rows), MOST))
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
    groups: Groups | None  # None: there are few enough to look at all of them
    price: Floats  # of members, nan where it was not asked for yet
    rooms: deque[reaching.Scratch]  # that no core uses now

    @classmethod
    def of(
        cls, search: Search, policy: Policy, standing: Standing, both: tuple[Words, Words]
    ) -> _Look:
        drawn = search.drawn
        traits, weights = _traits(search, policy, standing), _weights(policy)
        few = len(drawn) <= EVERYONE
        needs, offers = (_compiled(search, each) for each in both)
        return cls(
            search=search,
            reach=_reach(search, policy),
            words=(needs, offers),
            traits=traits,
            weights=weights,
            barred=search.barred,
            drawn=drawn,
            groups=None if few else groups_of(search, drawn, traits, weights),
            price=np.full(len(search.people), np.nan),
            rooms=deque(),
        )

    def at(self, rows: Ints, quota: int) -> Found:
        """The most promising of some rows."""
        more = self.drawn[np.newaxis] if self.groups is None else self.groups.some(rows)
        try:
            room = self.rooms.pop()
        except IndexError:
            room = reaching.scratch(self.reach, *self.words)
        number, member, *shared = reaching.within_reach(
            rows, more, self.reach, *self.words, *self.barred, room
        )
        self.rooms.append(room)
        worth = estimates.estimates(rows[number], member, *shared, self.traits, self.weights)
        self._ask_prices(member)
        found = reaching.best(number, member, worth, self.price, self.search.rank, quota)
        return rows[number[found]], member[found].astype(np.int64)

    def _ask_prices(self, members: Ints) -> None:
        """What a sample of all would make of them, on average."""
        asked = np.unique(members[np.isnan(self.price[members])])
        if len(asked) == 0:
            return
        sample = self.drawn[:SAMPLE]
        one, other = np.tile(sample, len(asked)), np.repeat(asked, len(sample))
        worth = estimates.alone(one, other, self.traits, self.weights)
        self.price[asked] = worth.reshape(len(asked), len(sample)).mean(axis=1)


def _reach(search: Search, policy: Policy) -> reaching.Reach:
    links, columns = search.graph.links, len(search.columns)
    onward = search.graph.followed(policy.candidates.hub_ties)
    return reaching.Reach(
        *sparse(links)[:2],
        *sparse(onward)[:2],
        looked=search.looked_among,
        most=columns if columns <= EVERYONE else MOST,
        most_near=columns if columns <= EVERYONE else MOST_NEAR,
        least=max(round(policy.least_likeness * MILLION), 1),
    )


def _compiled(search: Search, words: Words) -> reaching.Words:
    _, first = spread(words.wanted.first, search.rows)
    return reaching.Words(first, *sparse(words.asked), *sparse(words.answers), words.given.owner)


def _traits(search: Search, policy: Policy, standing: Standing) -> estimates.Traits:
    people, value = search.people, policy.value
    interest_ptr, interest_to, _ = sparse(people.interests)
    contacts = np.diff(search.graph.links.indptr).astype(np.int64)
    said = np.empty((len(people), 8), dtype=np.int64)
    for place, column in (
        (estimates.SECTOR, people.sector),
        (estimates.PROFESSION, people.profession),
        (estimates.PLACE, people.place),
        (estimates.LEVEL, people.level),
        (estimates.DIRECTIONS, people.wished_directions),
        (estimates.WISHES, people.wishes_sectors),
        (estimates.CONTACTS, contacts),
        (estimates.INTERESTS, people.interest_mask),
    ):
        said[:, place] = column
    gain = (
        value.deficit * standing.deficit
        + value.generosity * standing.generosity
        - value.load * standing.demand
    ) / 2
    return estimates.Traits(
        said=said,
        standing=np.column_stack([standing.busy, gain]),
        wish_ptr=people.wish_pointer,
        wish_to=people.wished_sectors % max(people.sectors, 1),
        interest_ptr=interest_ptr,
        interest_to=interest_to,
        logs=leanings.logs_of(contacts, np.diff(interest_ptr)),
    )


def _weights(policy: Policy) -> estimates.Weights:
    _, *values = estimates.Weights._fields
    worth = (float(getattr(policy.value, name)) for name in values)
    return estimates.Weights(leanings.weights_of(policy.affinity), *worth)
