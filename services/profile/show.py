"""Rows into what a platform may see: people of other authorities by role, sector and level only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosstie.events import Person
from crosstie.instants import to_rfc3339
from crosstie.network.map import Group, Map, Way
from crosstie.network.state import Member
from services.profile.shapes import (
    ContactShown,
    Item,
    LevelGroup,
    MapShown,
    MemberShown,
    MissingLevel,
    MissingSector,
    SectorGroup,
    Seen,
    Wanted,
    WayShown,
)

People = Mapping[str, Person]
Members = Mapping[str, Member]


def visible(members: Members, people: People) -> dict[str, Member]:
    """Of whom the platform may see anything: its own people, and of others whoever consented.

    A platform may say of anybody that its own person met them: that shows it nothing about them.
    """
    return {subject: each for subject, each in members.items() if subject in people or each.present}


def member(person: Person, found: Member, people: People) -> MemberShown:
    """The person themselves."""
    availability = found.availability
    return MemberShown(
        person=person,
        eligible=found.eligible,
        joined=found.get("joined") is True,
        consent=found.get("consent") is True,
        paused=found.get("paused") is True,
        sector=found.sector,
        profession=found.profession,
        role=found.role,
        organisation=found.organisation,
        place=found.place,
        level=found.level,
        reports_to=people.get(found.reports_to or ""),
        interests=list(found.interests),
        availability=Wanted(
            introductions_per_week=availability.introductions_per_week,
            mentors_wanted=availability.mentors_wanted,
            mentees_offered=availability.mentees_offered,
            directions=list(availability.wishes.directions),
            sectors=list(availability.wishes.sectors),
        ),
        needs=[Item(item=item, text=text) for item, text in found.needs.items()],
        offers=[Item(item=item, text=text) for item, text in found.offers.items()],
    )


def map(person: Person, found: Map, members: Members, people: People) -> MapShown:
    """The person's network; `members` as far as they are visible."""

    def ways(some: Iterable[Way]) -> list[WayShown]:
        return [
            WayShown(
                through=_seen(each.through, members, people),
                people=each.people,
                strength=each.strength,
            )
            for each in some
        ]

    return MapShown(
        person=person,
        at=to_rfc3339(found.at),
        contacts=[
            ContactShown(
                who=_seen(each.subject, members, people),
                inside=each.inside,
                strength=each.strength,
                contacts=each.contacts,
                last_contact=to_rfc3339(each.last),
            )
            for each in found.contacts
        ],
        sectors=[SectorGroup(sector=each.of, **_counts(each)) for each in found.sectors],
        levels=[LevelGroup(level=each.of, **_counts(each)) for each in found.levels],
        missing_sectors=[
            MissingSector(sector=str(each.of), people=each.people, ways=ways(each.ways))
            for each in found.missing_sectors
        ],
        missing_levels=[
            MissingLevel(level=int(each.of), people=each.people, ways=ways(each.ways))
            for each in found.missing_levels
        ],
    )


def _seen(subject: str, members: Members, people: People) -> Seen:
    found = members.get(subject)
    return Seen(
        person=people.get(subject),
        role=None if found is None else found.role,
        sector=None if found is None else found.sector,
        level=None if found is None else found.level,
    )


def _counts(group: Group) -> dict[str, float]:
    return {
        "inside": group.inside,
        "outside": group.outside,
        "unknown": group.unknown,
        "strength": group.strength,
    }
