"""What the matcher reads of one member, taken once from their row: its facts folded, its texts as words."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from sys import intern
from typing import Any, NamedTuple

from crosstie.matching.words import buckets
from crosstie.network.state import Fact, Member, folded

MOST_ITEMS = 20  # needs, and offers, of one member that are compared with others'
DIRECTIONS: Mapping[str, int] = {"up": 1, "down": 2, "across": 4}  # bits of `wished_directions`


class Texts(NamedTuple):
    """Needs or offers, ascending by name: each text's words as buckets, ascending, and how often."""

    names: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    words: tuple[int, ...] = ()
    times: tuple[int, ...] = ()


class Profile(NamedTuple):
    """One member; None and 0 where nothing was said."""

    subject: str
    eligible: bool
    available: bool  # said what they have time for
    level: int
    sector: str | None
    profession: str | None
    place: str | None
    role: str | None
    organisation: str | None
    reports_to: str
    wished_directions: int
    wished_sectors: tuple[str, ...]
    interests: tuple[str, ...]
    generous: int
    waiting_since: int
    weekly: int
    mentors: int
    mentees: int
    needs: Texts
    offers: Texts


def silent(subject: str) -> Profile:
    """The profile of somebody who said nothing, not even that they joined."""
    return profile(Member(subject))


def profile(member: Member) -> Profile:
    """The profile of `member`."""
    facts = member.facts
    said = {name: fact.value for name, fact in facts.items() if fact.value is not None}
    weekly, mentors, mentees, directions, sectors = said.get("availability", (0, 0, 0, (), ()))
    offers = [name for name in said if name.startswith("offer/")]
    needs = [name for name in said if name.startswith("need/")]
    here = buckets(said.get("place", "")).keys() if offers or needs else ()
    return Profile(
        subject=member.subject,
        eligible=member.eligible,
        available="availability" in said,
        level=said.get("level", 0),
        sector=_folded(said.get("sector")),
        profession=_folded(said.get("profession")),
        place=_folded(said.get("place")),
        role=_folded(said.get("role")),
        organisation=_folded(said.get("organisation")),
        reports_to=said.get("reports_to", ""),
        wished_directions=sum({DIRECTIONS[each] for each in directions}),
        wished_sectors=tuple(map(_shared, sectors)),
        interests=tuple(sorted({_shared(term) for term in said.get("interests", ())})),
        generous=len(offers) + mentees,
        waiting_since=_waiting_since(facts),
        weekly=weekly,
        mentors=mentors,
        mentees=mentees,
        needs=_texts(facts, needs, here),
        offers=_texts(facts, offers, here),
    )


def _texts(facts: Mapping[str, Fact], items: list[str], here: Any) -> Texts:
    """Without the words of the place where the member is: they say nothing of what is asked."""
    if not items:
        return Texts()
    if len(items) > MOST_ITEMS:  # the latest
        items = sorted(items, key=lambda name: (facts[name].stamp, name))[-MOST_ITEMS:]
    items.sort()
    found = [
        sorted(each for each in buckets(facts[name].value).items() if each[0] not in here)
        for name in items
    ]
    flat = [each for one in found for each in one]
    return Texts(
        tuple(name.partition("/")[2] for name in items),
        tuple(map(len, found)),
        tuple(map(itemgetter(0), flat)),
        tuple(map(itemgetter(1), flat)),
    )


def _waiting_since(facts: Mapping[str, Fact]) -> int:
    """Since they first had time for introductions, or said last that they had none."""
    said = (facts.get(name) for name in ("available", "unavailable"))
    return max((fact.time for fact in said if fact is not None), default=0)


def _folded(term: str | None) -> str | None:
    return None if term is None else _shared(term)


def _shared(term: str) -> str:
    """As it is compared, and one object for all who say the same."""
    return intern(folded(term))
