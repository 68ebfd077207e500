"""What a round reads of the network, kept from one round to the next: only what changed is read anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from crosstie.layered import layered
from crosstie.matching.base import Base
from crosstie.matching.comings import moved, reporting
from crosstie.matching.contacts import Contacts, Pair
from crosstie.matching.graph import Graph, led
from crosstie.matching.patching import patched
from crosstie.matching.people import People, columns
from crosstie.matching.profiles import Profile, profile, silent
from crosstie.matching.renewal import renewed
from crosstie.matching.ties.outlook import Outlook, outlook
from crosstie.matching.told import history, told
from crosstie.network.state import Row
from crosstie.network.view import Network

_FEW = 10  # up to one in so many members are renewed in their places
_MOST_PAIRS = 10_000  # ties put in their places one by one
_MOST_VOID = 1_000_000  # numbers without a tie, where there are fewer ties than these


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was made of a network, and of which parts; rounds and previews may each make it anew."""

    of: object  # the `_self` of whom it was made of
    base: Base
    profiles: Mapping[str, Profile]
    people: People
    graph: Graph


@dataclass(frozen=True, slots=True)
class _Since:
    """Who and which ties changed since what was seen last; None: too many to be told apart.

    Rounds that are held look again and again, and make nothing: this must not grow meanwhile.
    """

    people: frozenset[str] = frozenset()
    pairs: frozenset[Pair] | None = frozenset()

    def then(self, people: frozenset[str], pairs: frozenset[Pair]) -> _Since:
        """And these."""
        told = None if self.pairs is None else self.pairs | pairs
        few = told is None or len(told) <= _MOST_PAIRS
        return _Since(self.people | people, told if few else None)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network with its members' profiles and its ties' columns."""

    network: Network
    profiles: Mapping[str, Profile]
    contacts: Contacts
    _seen: list[_Seen] = field(default_factory=list, compare=False, repr=False)  # the last, or none
    _since: _Since = field(default=_Since(), compare=False, repr=False)
    _outlook: list[tuple[tuple[Any, ...], Outlook]] = field(
        default_factory=list, compare=False, repr=False
    )  # the last, and of what, or none
    _self: object = field(default_factory=object, compare=False, repr=False)

    @classmethod
    def of(cls, network: Network) -> Self:
        """All of `network`, read once."""
        profiles = {subject: profile(member) for subject, member in network.members.items()}
        return cls(network, profiles, Contacts.of(network.ties))

    def after(self, rows: Mapping[str, Row], touched: Collection[str]) -> Prepared:
        """The same as `of` the network of `rows`, which differ at most in the keys `touched`."""
        network = self.network.after(rows, touched)
        names = [key.split("/")[1:] for key in touched]
        people = frozenset(each[0] for each in names if len(each) == 1)
        pairs = frozenset((each[0], each[1]) for each in names if len(each) == 2)
        contacts = self.contacts.after(network.ties, pairs)
        seen, since = self._last
        since = since.then(people, pairs)
        profiles = self._profiles(network, people)
        return Prepared(network, profiles, contacts, seen, since, self._outlook[:])

    def shown(self, base: Base, at: int) -> tuple[People, Graph]:
        """The members as columns, and their ties at `at`."""
        seen, since = self._last
        people, graph = self._kept(seen[0], base, since) if seen else (None, None)
        if people is None:
            people = columns(self.network, base, self.profiles)
        if graph is None:
            graph = led(*self.contacts.between(people.index), people.eligible, at)
        graph = graph.moved(at)
        self._seen[:] = [_Seen(self._self, base, self.profiles, people, graph)]
        return people, graph

    def outlook(self, people: People, *, keep: bool) -> Outlook:
        """What the ranking of ties asks of the whole network: `people` are those shown.

        As much work as there are ties, but where it was kept and none of it changed since.
        """
        basis = (self.contacts, people.subjects, *told(people))
        kept = self._outlook[:]
        if kept and all(one is two for one, two in zip(kept[0][0], basis, strict=True)):
            return kept[0][1]
        found = outlook(history(people, *self.contacts.between(people.index)))
        if keep:
            self._outlook[:] = [(basis, found)]
        return found

    @property
    def _last(self) -> tuple[list[_Seen], _Since]:
        """What was seen last, by this or by the one before, and what changed since."""
        seen = self._seen[:]
        if seen and seen[0].of is self._self:
            return seen, _Since()
        return seen, self._since

    def _profiles(self, network: Network, people: frozenset[str]) -> Mapping[str, Profile]:
        if not people:
            return self.profiles
        members = {subject: network.members.get(subject) for subject in people}
        return layered(
            self.profiles,
            {subject: None if row is None else profile(row) for subject, row in members.items()},
        )

    def _kept(self, last: _Seen, base: Base, since: _Since) -> tuple[People | None, Graph | None]:
        """What was seen last with what changed, each where that is less work than anew."""
        known, now = last.people.index, self.profiles
        if not _alike(base, last.base) or len(since.people) * _FEW > max(len(known), 1):
            return None, None
        went = frozenset(who for who in since.people if who in known and who not in now)
        came = frozenset(who for who in since.people if who not in known and who in now)
        people, graph, pairs = last.people, last.graph, since.pairs
        if went or came:
            left = self._left(last, base, went, pairs)
            if left is None:
                return None, None
            people, graph = moved(*left, self.network.subjects, went, came)
            people = reporting(people, came, now)
        changes = {
            who: (last.profiles.get(who) or silent(who), now[who])
            for who in since.people
            if who in now
        }
        after = renewed(people, base, changes)
        if after is None:
            return None, None
        return after, self._patched(graph, people, after, pairs, came)

    def _left(
        self, last: _Seen, base: Base, went: frozenset[str], pairs: frozenset[Pair] | None
    ) -> tuple[People, Graph] | None:
        """What was seen last, where those who went say nothing any more and have no tie."""
        if not went:
            return last.people, last.graph
        gone = {who: (last.profiles[who], silent(who)) for who in went}
        people = renewed(last.people, base, gone)
        if people is None:
            return None
        graph = self._patched(last.graph, last.people, people, pairs)
        return None if graph is None else (people, graph)

    def _patched(
        self,
        graph: Graph,
        before: People,
        people: People,
        pairs: frozenset[Pair] | None,
        came: frozenset[str] = frozenset(),
    ) -> Graph | None:
        """`graph` with the ties of `pairs` as they are, where that is less work than anew."""
        if pairs is None:
            return None
        turned = np.flatnonzero(before.eligible != people.eligible)  # who pauses leads to nobody
        whose = came.union(people.subjects[i] for i in turned.tolist())
        if whose:
            pairs |= self.contacts.around(whose)
        if not pairs:
            return graph
        if len(pairs) > _MOST_PAIRS or graph.void > max(_MOST_VOID, len(graph.ties) // 2):
            return None
        now = {pair: self.network.ties.get(pair) for pair in pairs}
        return patched(graph, people.index, people.eligible, now)


def _alike(one: Base, other: Base) -> bool:
    """Whether columns are the same by both: words are as rare, and as alike."""
    return one is other or all(
        getattr(one, name) == getattr(other, name) for name in ("people", "used_by", "kindred")
    )
