"""What the log's payloads say, as msgspec structs: fast to decode, checked at the door already.

The pydantic models of `crosstie.events` are the contract; a contract test holds these equal to
them for every registered type. Numbers are bounded here too, so that what folds can be stored.
Times are integer microseconds since 1970-01-01T00:00Z.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

Level = Annotated[int, Meta(ge=1, le=7)]
PerWeek = Annotated[int, Meta(ge=0, le=20)]
Mentors = Annotated[int, Meta(ge=0, le=5)]
Mentees = Annotated[int, Meta(ge=0, le=20)]


class MemberFact(Struct, frozen=True):
    """Something about one member."""

    member: str


class Joined(MemberFact, frozen=True):
    consent: bool


class Described(MemberFact, frozen=True):
    """UNSET: not said; None: cleared."""

    sector: str | UnsetType | None = UNSET
    profession: str | UnsetType | None = UNSET
    role: str | UnsetType | None = UNSET
    organisation: str | UnsetType | None = UNSET
    place: str | UnsetType | None = UNSET
    level: Level | UnsetType | None = UNSET
    reports_to: str | UnsetType | None = UNSET
    interests: tuple[str, ...] | UnsetType | None = UNSET


class Wishes(Struct, frozen=True, omit_defaults=True):
    directions: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()


class Availability(MemberFact, frozen=True):
    introductions_per_week: PerWeek
    mentors_wanted: Mentors = 0
    mentees_offered: Mentees = 0
    wishes: Wishes = Wishes()


class Posted(MemberFact, frozen=True):
    item: str
    text: str


class Settled(MemberFact, frozen=True):
    item: str


class Contact(Struct, frozen=True, gc=False):
    members: tuple[str, str]
    channel: str
    started_by: str | None = None
    weight: Annotated[float, Meta(gt=0, le=100)] = 1.0


class Answered(Struct, frozen=True):
    members: tuple[str, str]
    by: str
    suggestion: str
    answer: str


class MentoringEnded(Struct, frozen=True):
    members: tuple[str, str]
    by: str
    suggestion: str


class Blocking(Struct, frozen=True):
    members: tuple[str, str]
    by: str


Data = (
    MemberFact
    | Joined
    | Described
    | Availability
    | Posted
    | Settled
    | Contact
    | Answered
    | MentoringEnded
    | Blocking
)

_STRUCTS: Mapping[str, Any] = {
    "org.crosstie.member.joined.v1": Joined,
    "org.crosstie.member.described.v1": Described,
    "org.crosstie.availability.set.v1": Availability,
    "org.crosstie.member.paused.v1": MemberFact,
    "org.crosstie.member.resumed.v1": MemberFact,
    "org.crosstie.member.left.v1": MemberFact,
    "org.crosstie.consent.withdrawn.v1": MemberFact,
    "org.crosstie.member.erased.v1": MemberFact,
    "org.crosstie.need.posted.v1": Posted,
    "org.crosstie.need.resolved.v1": Settled,
    "org.crosstie.offer.posted.v1": Posted,
    "org.crosstie.offer.withdrawn.v1": Settled,
    "org.crosstie.contact.made.v1": Contact,
    "org.crosstie.suggestion.answered.v1": Answered,
    "org.crosstie.mentoring.ended.v1": MentoringEnded,
    "org.crosstie.member.blocked.v1": Blocking,
    "org.crosstie.member.unblocked.v1": Blocking,
}

DECODERS: Mapping[str, Decoder[Any]] = {name: Decoder(struct) for name, struct in _STRUCTS.items()}


class Event(Struct, frozen=True, gc=False):
    """One record of the log: CloudEvents identity, `key` of the row it changes, and its data.

    `data` is None when the event is redacted: its subject was erased and the key is gone.
    """

    source: str
    id: str
    type: str
    time: int
    key: str
    data: Any
    body: bytes = b""  # digest of the body as logged; tells a duplicate from a forgery
