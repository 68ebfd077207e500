"""What a round reads of the network, kept from one round to the next: only what changed is read anew."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from crosstie.matching.base import Base
from crosstie.matching.contacts import Contacts
from crosstie.matching.graph import Graph, led
from crosstie.matching.people import People, columns
from crosstie.matching.profiles import Profile, profile
from crosstie.matching.renewal import renewed
from crosstie.network.state import Row
from crosstie.network.view import Network

_FEW = 10  # up to one in so many members are renewed in their places


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was made of a network, and of which parts; rounds and previews may each make it anew."""

    base: Base
    profiles: Mapping[str, Profile]
    people: People
    contacts: Contacts
    graph: Graph


@dataclass(frozen=True, slots=True)
class Prepared:
    """A network with its members' profiles and its ties' columns."""

    network: Network
    profiles: Mapping[str, Profile]
    contacts: Contacts
    _seen: list[_Seen] = field(default_factory=list, compare=False, repr=False)  # the last, or none
    _changed: frozenset[str] = field(default=frozenset(), compare=False, repr=False)  # since then

    @classmethod
    def of(cls, network: Network) -> Self:
        """All of `network`, read once."""
        profiles = {subject: profile(member) for subject, member in network.members.items()}
        return cls(network, profiles, Contacts.of(network.ties))

    def after(self, rows: Mapping[str, Row], touched: Collection[str]) -> Prepared:
        """The same as `of` the network of `rows`, which differ at most in the keys `touched`."""
        network = self.network.after(rows, touched)
        profiles = dict(self.profiles)
        names = [key.split("/")[1:] for key in touched]
        people = frozenset(each[0] for each in names if len(each) == 1)
        for subject in people:
            profiles.pop(subject, None)
            if subject in network.members:
                profiles[subject] = profile(network.members[subject])
        pairs = [(each[0], each[1]) for each in names if len(each) == 2]
        contacts = self.contacts.after(network.ties, pairs)
        seen, changed = self._last
        return Prepared(network, profiles, contacts, seen, changed | people)

    def shown(self, base: Base, at: int) -> tuple[People, Graph]:
        """The members as columns, and their ties at `at`."""
        seen, changed = self._last
        last = seen[0] if seen else None
        people = None
        if last is not None and _alike(base, last.base):
            people = self._renewed(last, base, changed)
        if people is None:
            people = columns(self.network, base, self.profiles)
        if (
            last is not None
            and last.contacts.columns is self.contacts.columns
            and last.people.subjects is people.subjects
            and last.people.eligible is people.eligible
        ):
            graph = last.graph.moved(at)
        else:
            graph = led(*self.contacts.between(people.index), people.eligible, at)
        self._seen[:] = [_Seen(base, self.profiles, people, self.contacts, graph)]
        return people, graph

    @property
    def _last(self) -> tuple[list[_Seen], frozenset[str]]:
        """What was seen last, by this or by the one before, and who changed since."""
        seen = self._seen[:]
        if seen and seen[0].profiles is self.profiles:
            return seen, frozenset()
        return seen, self._changed

    def _renewed(self, last: _Seen, base: Base, changed: frozenset[str]) -> People | None:
        """The columns seen last with what changed, where that is less work than anew."""
        if last.people.subjects is not self.network.subjects:
            return None
        if not changed:
            return last.people
        if len(changed) * _FEW > len(last.people):
            return None
        known = [each for each in changed if each in self.profiles]
        return renewed(
            last.people, base, {each: (last.profiles[each], self.profiles[each]) for each in known}
        )


def _alike(one: Base, other: Base) -> bool:
    """Whether columns are the same by both: words are as rare."""
    return one is other or (one.people, one.used_by) == (other.people, other.used_by)
