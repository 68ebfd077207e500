"""What the reads answer: the models behind docs/openapi/profile.json."""

from __future__ import annotations

from pydantic import BaseModel, Field

from crosstie.events import Direction, Person


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


class Wanted(BaseModel):
    """How much time the person has, and for whom."""

    introductions_per_week: int
    mentors_wanted: int
    mentees_offered: int
    directions: list[Direction]
    sectors: list[str]


class Item(BaseModel):
    """A need or an offer."""

    item: str
    text: str


class MemberShown(BaseModel):
    """One person, as their events say."""

    person: Person
    eligible: bool = Field(description="Joined, consenting and not paused: may be suggested.")
    joined: bool
    consent: bool
    paused: bool
    sector: str | None
    profession: str | None
    role: str | None
    organisation: str | None
    place: str | None
    level: int | None = Field(description="1 is the most junior, 7 the most senior.")
    reports_to: Person | None = Field(description="Null too when of no authority of yours.")
    interests: list[str]
    availability: Wanted
    needs: list[Item]
    offers: list[Item]


class Seen(BaseModel):
    """Another person: named only where they are of an authority of yours."""

    person: Person | None
    role: str | None
    sector: str | None
    level: int | None


class ContactShown(BaseModel):
    """Someone this person has had to do with."""

    who: Seen
    inside: bool | None = Field(description="Of the same organisation; null where unknown.")
    strength: float = Field(description="Contacts, each worth half after 90 days.")
    contacts: int
    last_contact: str = Field(description="RFC 3339.")


class SectorGroup(BaseModel):
    """Contacts of one sector; null: those who did not say."""

    sector: str | None
    inside: int
    outside: int
    unknown: int
    strength: float


class LevelGroup(BaseModel):
    """Contacts of one level; null: those who did not say."""

    level: int | None
    inside: int
    outside: int
    unknown: int
    strength: float


class WayShown(BaseModel):
    """Someone they know who knows people there."""

    through: Seen
    people: int
    strength: float = Field(description="Of the weaker of the two ties.")


class MissingSector(BaseModel):
    """A sector where this person knows nobody."""

    sector: str
    people: int
    ways: list[WayShown]


class MissingLevel(BaseModel):
    """A level where this person knows nobody."""

    level: int
    people: int
    ways: list[WayShown]


class MapShown(BaseModel):
    """One person's network."""

    person: Person
    at: str = Field(description="RFC 3339; what strengths are as of.")
    contacts: list[ContactShown] = Field(description="Strongest first.")
    sectors: list[SectorGroup]
    levels: list[LevelGroup]
    missing_sectors: list[MissingSector] = Field(description="Most people first.")
    missing_levels: list[MissingLevel] = Field(description="Most junior first.")
