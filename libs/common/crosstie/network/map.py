"""The map of one person's network: whom they deal with, who is missing, through whom to reach them.

What Ibarra and Hunter (HBR, 2007) have people draw by hand: contacts inside and outside their own
organisation, above and below, and the gaps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from crosstie.network.state import Member, Tie, folded
from crosstie.network.strength import moved

MOST_WAYS = 3

Where = str | int  # a sector or a level
V = TypeVar("V")
W = TypeVar("W", str, int)


class Contact(Struct, frozen=True):
    """Someone I have had to do with; strength in contacts as of now."""

    subject: str
    strength: float
    last: int  # event time, microseconds
    contacts: int
    inside: bool | None  # my organisation; None where either's is unknown


class Group(Struct, frozen=True):
    """My contacts of one sector or one level; None holds those who did not say."""

    of: Where | None
    inside: int
    outside: int
    unknown: int  # whether inside or outside
    strength: float


class Way(Struct, frozen=True):
    """Someone I know who knows people there."""

    through: str
    people: int
    strength: float  # of the weaker of the two ties, at its best


class Missing(Struct, frozen=True):
    """A sector or level of the network where I know nobody."""

    of: Where
    people: int  # whom one could meet there
    ways: tuple[Way, ...]  # most promising first, at most three


class Map(Struct, frozen=True):
    """One person's network, as of `at`."""

    at: int
    contacts: tuple[Contact, ...]  # strongest first
    sectors: tuple[Group, ...]
    levels: tuple[Group, ...]
    missing_sectors: tuple[Missing, ...]  # most people first
    missing_levels: tuple[Missing, ...]  # most junior first


class Population(Struct, frozen=True):
    """How many people of the network, joined and consenting, are of each sector and level."""

    sectors: Mapping[str, int]
    levels: Mapping[int, int]

    def without(self, me: Member) -> Population:
        """The others."""
        if not me.present:
            return self
        return Population(
            {of: people - (of == me.sector) for of, people in self.sectors.items()},
            {of: people - (of == me.level) for of, people in self.levels.items()},
        )


def map_of(
    me: Member,
    ties: Iterable[Tie],
    beyond: Iterable[Tie],
    members: Mapping[str, Member],
    population: Population,
    at: int,
) -> Map:
    """The map of `me` at `at`: without whom I blocked.

    Who blocked me stays the contact that they were, and is nobody to reach anybody through, as if they
    paused: who compares two maps is not told of a block. `ties` are mine, `beyond` those of my
    contacts, `members` whoever of these is known.
    """
    ties = [tie for tie in ties if me.subject in (tie.a, tie.b)]
    blocked = {tie.other(me.subject) for tie in ties if tie.blocked}
    mine = [tie for tie in ties if tie.contact and not tie.blocked_by(me.subject)]
    contacts = [_contact(me, tie, members.get(tie.other(me.subject)), at) for tie in mine]
    contacts.sort(key=lambda each: (-each.strength, each.subject))
    known = {each.subject: each for each in contacts}
    helpful = {
        each for each in known if each not in blocked and each in members and members[each].eligible
    }
    excluded = {*known, *blocked, me.subject}
    further = [
        (known[one], members[other], moved(tie.strength, at))
        for tie in beyond
        if tie.contact and not tie.blocked
        for one, other in ((tie.a, tie.b), (tie.b, tie.a))
        if one in helpful and other in members and other not in excluded
    ]
    others = population.without(me)
    return Map(
        at=at,
        contacts=tuple(contacts),
        sectors=_groups(contacts, members, _sector),
        levels=_groups(contacts, members, _level),
        missing_sectors=tuple(
            sorted(
                _missing(others.sectors, contacts, members, further, _sector),
                key=lambda each: (-each.people, each.of),
            )
        ),
        missing_levels=tuple(_missing(others.levels, contacts, members, further, _level)),
    )


def _sector(member: Member | None) -> str | None:
    return None if member is None else member.sector


def _level(member: Member | None) -> int | None:
    return None if member is None else member.level


def _contact(me: Member, tie: Tie, other: Member | None, at: int) -> Contact:
    theirs = None if other is None else other.organisation
    ours = me.organisation
    return Contact(
        subject=tie.other(me.subject),
        strength=moved(tie.strength, at),
        last=tie.last or 0,
        contacts=sum(tie.contacts.values()),
        inside=None if ours is None or theirs is None else folded(ours) == folded(theirs),
    )


def _key(of: Where | None) -> Where | None:
    """Sectors that differ in case alone are one, shown as most people write it."""
    return folded(of) if isinstance(of, str) else of


def _commonest(spellings: Mapping[V, int]) -> V:
    return min(spellings, key=lambda each: (-spellings[each], str(each)))


def _groups(
    contacts: Iterable[Contact],
    members: Mapping[str, Member],
    where: Callable[[Member | None], Where | None],
) -> tuple[Group, ...]:
    found: dict[Where | None, list[Contact]] = defaultdict(list)
    spelled: dict[Where | None, Counter[Where | None]] = defaultdict(Counter)
    for each in contacts:
        of = where(members.get(each.subject))
        found[_key(of)].append(each)
        spelled[_key(of)][of] += 1
    groups = (
        Group(
            of=_commonest(spelled[key]),
            inside=sum(each.inside is True for each in some),
            outside=sum(each.inside is False for each in some),
            unknown=sum(each.inside is None for each in some),
            strength=sum(each.strength for each in some),
        )
        for key, some in found.items()
    )
    return tuple(sorted(groups, key=lambda each: (each.of is None, each.of)))


def _missing(
    people: Mapping[W, int],
    contacts: Iterable[Contact],
    members: Mapping[str, Member],
    further: Iterable[tuple[Contact, Member, float]],
    where: Callable[[Member | None], Where | None],
) -> list[Missing]:
    here = {_key(where(members.get(each.subject))) for each in contacts}
    there: dict[Where | None, dict[W, int]] = defaultdict(dict)
    for of, count in people.items():
        there[_key(of)][of] = count
    reached: dict[Where | None, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for contact, other, strength in further:
        if other.eligible:
            weaker = min(contact.strength, strength)
            reached[_key(where(other))][contact.subject].append(weaker)
    found = (
        Missing(_commonest(some), sum(some.values()), _ways(reached[key]))
        for key, some in there.items()
        if key not in here
    )
    return sorted((each for each in found if each.people > 0), key=lambda each: each.of)


def _ways(through: Mapping[str, list[float]]) -> tuple[Way, ...]:
    ways = [Way(subject, len(ties), max(ties)) for subject, ties in through.items()]
    ways.sort(key=lambda each: (-each.strength, -each.people, each.through))
    return tuple(ways[:MOST_WAYS])
