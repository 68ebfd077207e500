"""What platforms may tell us: every event type, its version and its data.

One model serves both sides of the door: `Described[Person]` is what a platform sends,
`Described[SubjectId]` what stands in the log once people are translated (see translation.py).
Envelope: CloudEvents 1.0. A model is changed only by adding optional fields; anything else is a
new version beside the old one, which must decode for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from crosstie.integers import INTEGER

Authority = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:@-]{1,128}$")]
SubjectId = Annotated[str, StringConstraints(pattern=r"^[A-Z2-7]{16}$")]
Term = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
SuggestionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{32}$")]

Channel = Literal[
    "met", "messaged", "called", "co-attended", "collaborated", "shared", "visited", "mentored"
]
Answer = Literal["accepted", "declined", "ignored", "met", "useful"]
Direction = Literal["up", "down", "across"]

MOST_AT_A_GATHERING = 200
LEVELS = (1, 7)


class Frozen(BaseModel):
    """Strict and frozen: what is not named is refused, nothing is coerced."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )


class Person(Frozen):
    """A person as the outside knows them."""

    authority: Authority
    """Name space of the id: whoever issues it, such as `staff` or a membership register."""
    id: ExternalId
    """The id there; not a name or an address that tells who the person is, where that can be helped."""


P = TypeVar("P", Person, SubjectId)


class MemberData(Frozen, Generic[P]):
    """Data about one member; sealed in the log."""

    member: P
    """Whom this is about."""


class PairData(Frozen, Generic[P]):
    """Data about two people; holds no text, so it is not sealed."""

    members: Annotated[
        list[P], Field(min_length=2, max_length=2, json_schema_extra={"uniqueItems": True})
    ]
    """Two different people, in any order."""

    @model_validator(mode="after")
    def _two_people(self) -> Self:
        if self.members[0] == self.members[1]:
            raise ValueError("members must be two different people")
        return self


class OneSided(PairData[P], Generic[P]):
    """Something one of the two did."""

    by: P
    """Which of the two did it."""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.by not in self.members:
            raise ValueError("by must be one of members")
        return self


class Joined(MemberData[P], Generic[P]):
    """The person joined; without consent they are known but never suggested."""

    consent: bool
    """Whether the person agrees to be suggested to others."""


class Described(MemberData[P], Generic[P]):
    """What is now true of the person; a field left out stays, null clears it."""

    sector: Term | None = None
    profession: Term | None = None
    role: Term | None = None
    organisation: Term | None = None
    place: Term | None = None
    level: Annotated[int, Field(ge=LEVELS[0], le=LEVELS[1]), INTEGER] | None = None
    """Place in the hierarchy: 1 is the most junior, 7 the most senior."""
    reports_to: P | None = None
    """The line manager; never suggested to this person."""
    interests: Annotated[list[Term], Field(max_length=20)] | None = None


class Wishes(Frozen):
    """Whom the person would like to meet; empty means no preference."""

    directions: Annotated[list[Direction], Field(max_length=3)] = []
    sectors: Annotated[list[Term], Field(max_length=20)] = []


class Availability(MemberData[P], Generic[P]):
    """How much time the person has; replaces what was set before."""

    introductions_per_week: Annotated[int, Field(ge=0, le=20), INTEGER]
    """Most new introductions a week; nobody is ever given more."""
    mentors_wanted: Annotated[int, Field(ge=0, le=5), INTEGER] = 0
    """How many mentors the person would like at the same time."""
    mentees_offered: Annotated[int, Field(ge=0, le=20), INTEGER] = 0
    """How many people the person would mentor at the same time."""
    wishes: Wishes = Wishes()


class Marked(MemberData[P], Generic[P]):
    """The type says it all: paused, resumed, left, consent withdrawn, erased."""


class Posted(MemberData[P], Generic[P]):
    """A need ('I want help with') or an offer ('I can help with'); the same id replaces it."""

    item: ItemId
    """The platform's own id of this need or offer."""
    text: Text
    """What is wanted or offered, in words."""


class Settled(MemberData[P], Generic[P]):
    """A need resolved or an offer withdrawn."""

    item: ItemId


class Contact(PairData[P], Generic[P]):
    """The two had to do with each other."""

    channel: Channel
    started_by: P | None = None
    """Who reached out, where one of the two did."""
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How much this counts: 1 is one ordinary contact."""

    @model_validator(mode="after")
    def _started_by_one_of_them(self) -> Self:
        if self.started_by is not None and self.started_by not in self.members:
            raise ValueError("started_by must be one of members")
        return self


class Gathering(Frozen, Generic[P]):
    """n people came together: n(n-1)/2 contacts `co-attended` of weight 1/(n-1), ids `id/a/b`."""

    members: Annotated[
        list[P],
        Field(
            min_length=2,
            max_length=MOST_AT_A_GATHERING,
            json_schema_extra={"uniqueItems": True},
        ),
    ]
    """Everyone who was there."""

    @model_validator(mode="after")
    def _all_different(self) -> Self:
        if len(set(self.members)) < len(self.members):
            raise ValueError("members must be different people")
        return self


class Answered(OneSided[P], Generic[P]):
    """What one member did with a suggestion."""

    suggestion: SuggestionId
    """Id of the suggestion, as it came on the suggestions topic."""
    answer: Answer
    """`met` and `useful` may follow `accepted`."""


class MentoringEnded(OneSided[P], Generic[P]):
    """One of the two ended the mentoring that the suggestion began."""

    suggestion: SuggestionId


class Blocking(OneSided[P], Generic[P]):
    """`by` wants no suggestion with the other (blocked), or takes that back (unblocked)."""


@dataclass(frozen=True, slots=True)
class EventType:
    """One registered type: its CloudEvents `type`, generic model, and what its key is about."""

    name: str
    model: Any  # generic over who names people: model[Person] outside, model[SubjectId] inside
    about: Literal["member", "tie", "gathering"]


def _type(noun_verb: str, model: Any, about: Literal["member", "tie", "gathering"]) -> EventType:
    return EventType(f"org.crosstie.{noun_verb}.v1", model, about)


EVENT_TYPES: Mapping[str, EventType] = {
    each.name: each
    for each in (
        _type("member.joined", Joined, "member"),
        _type("member.described", Described, "member"),
        _type("availability.set", Availability, "member"),
        _type("member.paused", Marked, "member"),
        _type("member.resumed", Marked, "member"),
        _type("member.left", Marked, "member"),
        _type("consent.withdrawn", Marked, "member"),
        _type("member.erased", Marked, "member"),
        _type("need.posted", Posted, "member"),
        _type("need.resolved", Settled, "member"),
        _type("offer.posted", Posted, "member"),
        _type("offer.withdrawn", Settled, "member"),
        _type("contact.made", Contact, "tie"),
        _type("gathering.held", Gathering, "gathering"),
        _type("suggestion.answered", Answered, "tie"),
        _type("mentoring.ended", MentoringEnded, "tie"),
        _type("member.blocked", Blocking, "tie"),
        _type("member.unblocked", Blocking, "tie"),
    )
}
ERASED = "org.crosstie.member.erased.v1"
GATHERING = "org.crosstie.gathering.held.v1"
