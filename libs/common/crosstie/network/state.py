"""Members and ties: the frozen state that events fold into.

A member is a map of named facts, of each the last by (event time, source, id) whatever its arrival;
at equal time the one that protects. Of needs, and of offers, only the items stated last.
A tie's counters add; its answers are the greatest of a set, so no order of arrival shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from crosstie.network.facts import Availability, Wishes
from crosstie.network.strength import Moment, Strength

ANSWERS_KEPT = 16  # of each side, 8 suggestions, accepted then met: a bounded row
ITEMS_KEPT = 50  # needs, and as many offers, of one member, over or not: a bounded row
CIRCLE = 0.25  # weight of a co-attendance in a gathering of five: a larger one is no meeting

Count = Annotated[int, Meta(ge=0, le=2**40)]

PROTECTIVE: Mapping[str, bool] = {
    "consent": False,
    "joined": False,
    "paused": True,
    "blocked": True,
}


class Fact(Struct, frozen=True, array_like=True, order=False, gc=False):
    """A value and the stamp that orders it against others about the same thing."""

    value: Any
    time: Moment
    source: str
    id: str

    @property
    def stamp(self) -> tuple[int, str, str]:
        """Total order of facts: event time, then source, then id."""
        return (self.time, self.source, self.id)

    def precedence(self, name: str) -> tuple[int, bool, str, str]:
        """The greatest is the one that holds: at equal time the value that protects."""
        return (self.time, self.value is PROTECTIVE.get(name), self.source, self.id)


class Member(Struct, frozen=True, omit_defaults=True, gc=False):
    """One person: `facts` by name (`sector`, `level`, `need/<item>`, ...)."""

    subject: str
    facts: dict[str, Fact] = {}

    def get(self, name: str) -> Any:
        """The value of a fact, None when it was never said or was cleared."""
        fact = self.facts.get(name)
        return None if fact is None else fact.value

    @property
    def sector(self) -> str | None:
        return self.get("sector")  # type: ignore[no-any-return]

    @property
    def profession(self) -> str | None:
        return self.get("profession")  # type: ignore[no-any-return]

    @property
    def role(self) -> str | None:
        return self.get("role")  # type: ignore[no-any-return]

    @property
    def organisation(self) -> str | None:
        return self.get("organisation")  # type: ignore[no-any-return]

    @property
    def place(self) -> str | None:
        return self.get("place")  # type: ignore[no-any-return]

    @property
    def level(self) -> int | None:
        """1 is the most junior, 7 the most senior."""
        return self.get("level")  # type: ignore[no-any-return]

    @property
    def reports_to(self) -> str | None:
        """Subject id of the line manager."""
        return self.get("reports_to")  # type: ignore[no-any-return]

    @property
    def interests(self) -> tuple[str, ...]:
        return tuple(self.get("interests") or ())

    @property
    def availability(self) -> Availability:
        """Nothing set means no time: nobody is suggested unasked."""
        value = self.get("availability")
        if value is None:
            return Availability(self.subject, 0)
        introductions, mentors, mentees, directions, sectors = value
        return Availability(
            self.subject, introductions, mentors, mentees, Wishes(tuple(directions), tuple(sectors))
        )

    @property
    def needs(self) -> dict[str, str]:
        """Open needs: item id to text."""
        return self._items("need/")

    @property
    def offers(self) -> dict[str, str]:
        """Standing offers: item id to text."""
        return self._items("offer/")

    @property
    def present(self) -> bool:
        """Joined and consenting, paused or not: others may be told of them."""
        return self.get("joined") is True and self.get("consent") is True

    @property
    def eligible(self) -> bool:
        """Present and not paused: may be suggested and receive suggestions."""
        return self.present and self.get("paused") is not True

    def _items(self, prefix: str) -> dict[str, str]:
        return {
            name.removeprefix(prefix): fact.value
            for name, fact in sorted(self.facts.items())
            if name.startswith(prefix) and fact.value is not None
        }


class Reply(Struct, frozen=True, array_like=True, order=True, gc=False):
    """One answer to a suggestion (or `ended`, of its mentoring); ordered by its stamp."""

    time: Moment
    source: str
    id: str
    suggestion: str
    by: str
    answer: str


class Tie(Struct, frozen=True, omit_defaults=True, gc=False):
    """What two people, a < b, had to do with each other."""

    a: str
    b: str
    strength: Strength = Strength()
    contacts: dict[str, Count] = {}  # by channel
    started_by_a: Count = 0
    started_by_b: Count = 0
    first: Moment | None = None  # event times of contacts of any kind
    last: Moment | None = None
    last_met: Moment | None = None  # of those that are a meeting: all but large gatherings
    blocked_by_a: Fact | None = None
    blocked_by_b: Fact | None = None
    replies: tuple[Reply, ...] = ()  # greatest stamps, ascending

    @property
    def blocked(self) -> bool:
        """Either of the two wants no suggestion with the other."""
        return self.blocked_by(self.a) or self.blocked_by(self.b)

    def blocked_by(self, end: str) -> bool:
        """This one of the two wants no suggestion with the other."""
        side = self.blocked_by_a if end == self.a else self.blocked_by_b
        return side is not None and side.value is True

    @property
    def contact(self) -> bool:
        """They had contact; a tie that only holds answers or a block is no tie yet."""
        return self.first is not None

    @property
    def met(self) -> bool:
        """They know each other: more than that both were at a large gathering."""
        return self.last_met is not None

    def other(self, subject: str) -> str:
        """The one of the two who is not `subject`."""
        return self.b if subject == self.a else self.a


Row = Member | Tie


def folded(term: str) -> str:
    """A sector, profession, place or interest as it is compared; shown as it was written."""
    return term.strip().casefold()


def member_key(subject: str) -> str:
    """Kafka key of everything about one member."""
    return f"member/{subject}"


def tie_key(one: str, other: str) -> str:
    """Kafka key of everything between two people, whichever comes first."""
    return f"tie/{one}/{other}" if one < other else f"tie/{other}/{one}"


def key_of(row: Row) -> str:
    """The key that a row stands under."""
    return member_key(row.subject) if isinstance(row, Member) else tie_key(row.a, row.b)
