"""One event at the door: who sent it, whether it may pass, and whom it is about.

`checked` turns the JSON of a CloudEvent into an `Arrival`, or raises Rejected with pointer, value,
limit and remedy. The clock is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from pydantic import BaseModel, ValidationError

from crosstie.door import envelope, strict_json
from crosstie.door.faults import of_model, together
from crosstie.door.nearest import nearest
from crosstie.errors import MISSING, Rejected, Withheld
from crosstie.events import (
    ERASED,
    EVENT_TYPES,
    EventType,
    Gathering,
    MemberData,
    PairData,
    Person,
    Wishes,
)
from crosstie.registry import Platform
from crosstie.translation import people_in

_ENVELOPE = (envelope.names, envelope.version, envelope.media)
_INDEX = re.compile(r"[0-9]{1,6}")
_MODELS: Mapping[str, type[BaseModel]] = {
    name: each.model[Person] for name, each in EVENT_TYPES.items()
}
_SPOKEN_OF: tuple[type[BaseModel], ...] = (*_MODELS.values(), Person, Wishes)
_OURS = envelope.ATTRIBUTES.union(("data_base64",), *(each.model_fields for each in _SPOKEN_OF))


class Forbidden(Rejected):
    """The event may be right, but not from this platform."""


@dataclass(frozen=True, eq=False)
class Arrival:
    """An event that passed; people are still named as outside. `time` is in microseconds.

    Equal only to itself: the same event may come twice in one request.
    """

    source: str
    id: str
    type: EventType
    time: int
    data: BaseModel

    @cached_property
    def people(self) -> frozenset[Person]:
        """Everyone it names."""
        return frozenset(people_in(self.data))

    @property
    def erases(self) -> bool:
        """The person is to be forgotten."""
        return self.type.name == ERASED

    @property
    def entries(self) -> int:
        """How many entries of the log it becomes: a gathering is split into pairs."""
        if not isinstance(self.data, Gathering):
            return 1
        people = len(self.data.members)
        return people * (people - 1) // 2


def checked(event: Any, platform: Platform, now: int) -> Arrival:
    """The event of `platform` at `now`. Raises Rejected, or Forbidden for what others may send.

    What else is wrong with it goes with the first fault.
    """
    if not isinstance(event, dict):
        raise Rejected("", Withheld(event), "a CloudEvent: a JSON object", "see docs/events.md")
    strict_json.sound(event)
    try:
        for check in _ENVELOPE:
            check(event)
        kind = _type(event)
        source = _source(event, platform)
        arrival = Arrival(
            source, envelope.text(event, "id"), kind, envelope.time(event, now), _data(event, kind)
        )
        _authorised(arrival.data, platform)
    except Rejected as first:
        raise together(first, _checks(event, platform, now)) from first.__cause__
    return arrival


def named(event: Any) -> str | None:
    """The id of an event that may be broken, for the answer to it."""
    found = event.get("id") if isinstance(event, dict) else None
    return found if isinstance(found, str) and envelope.PRINTABLE.fullmatch(found) else None


def loggable(pointer: str) -> str:
    """A pointer into an event without names that are none of ours: those may be anybody's words."""
    _, *steps = pointer.split("/")
    return "".join(f"/{each if each in _OURS or _INDEX.fullmatch(each) else '…'}" for each in steps)


def _checks(event: dict[str, Any], platform: Platform, now: int) -> list[Callable[[], object]]:
    """Each by itself, for an event that is refused anyhow."""
    return [
        *(partial(check, event) for check in _ENVELOPE),
        lambda: _source(event, platform),
        lambda: envelope.text(event, "id"),
        lambda: envelope.time(event, now),
        lambda: _authorised(_data(event, _type(event)), platform),
    ]


def _type(event: dict[str, Any]) -> EventType:
    name = event.get("type", MISSING)
    found = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        near = nearest(name) if isinstance(name, str) else []
        limit = f"a type of docs/events.md{', such as ' if near else ''}{' or '.join(near)}"
        raise Rejected("/type", name, limit, "see docs/events.md for all of them")
    return found


def _source(event: dict[str, Any], platform: Platform) -> str:
    source = envelope.text(event, "source")
    if not platform.sources:  # of a key for sources that its platform gave up
        limit = "a source of this key, which has none left"
        raise Forbidden("/source", source, limit, "use another key: this one can send nothing")
    if source not in platform.sources:
        limit = "a source of this platform: " + ", ".join(sorted(platform.sources))
        raise Forbidden("/source", source, limit, "send it with your own source and key")
    return source


def _data(event: dict[str, Any], kind: EventType) -> BaseModel:
    if "data" not in event:
        raise Rejected("/data", MISSING, f"the data of {kind.name}", "see docs/events.md")
    try:
        return _MODELS[kind.name].model_validate(event["data"])
    except ValidationError as error:
        raise of_model(error, "/data", f"see docs/events.md, {kind.name}") from error


def _authorised(data: BaseModel, platform: Platform) -> None:
    """Members of its authorities; ties that touch one; nobody speaks for another's person."""
    mine = platform.authorities
    if isinstance(data, Gathering):
        outside = [n for n, each in enumerate(data.members) if each.authority not in mine]
        if len(outside) > 1:
            raise _foreign(
                f"/data/members/{outside[1]}", data.members[outside[1]], mine, "all but one"
            )
    elif isinstance(data, PairData):
        if not any(each.authority in mine for each in data.members):
            raise _foreign("/data/members", data.members[0], mine, "one of the two")
        by = getattr(data, "by", None)
        if by is not None and by.authority not in mine:
            raise _foreign("/data/by", by, mine, "whoever did it")
    elif isinstance(data, MemberData) and data.member.authority not in mine:
        raise _foreign("/data/member/authority", data.member, mine, "the member")


def _foreign(pointer: str, person: Person, mine: frozenset[str], who: str) -> Forbidden:
    limit = f"{who} of your authorities: {', '.join(sorted(mine))}"
    return Forbidden(pointer, person.authority, limit, "leave it to the platform of that authority")
