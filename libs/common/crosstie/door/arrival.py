"""One event at the door: who sent it, whether it may pass, and whom it is about.

`checked` turns the JSON of a CloudEvent into an `Arrival`, or raises Rejected with pointer, value,
limit and remedy. The clock is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from crosstie import instants
from crosstie.door import strict_json
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

AHEAD_US = 5 * 60 * instants.SECOND_US
EARLIEST = instants.from_rfc3339("1900-01-01T00:00:00Z")
_ATTRIBUTES = frozenset(
    (
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "datacontenttype",
        "dataschema",
        "subject",
        "data",
    )
)
_INDEX = re.compile(r"[0-9]{1,6}")
_NAME = re.compile(r"[a-z0-9]+")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,256}")
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_JSON = re.compile(
    r"\s*application/([a-z0-9.!#$&^_+-]+\+)?json\s*(;\s*charset=\"?utf-8\"?\s*)?", re.IGNORECASE
)
_MODELS: Mapping[str, type[BaseModel]] = {
    name: each.model[Person] for name, each in EVENT_TYPES.items()
}
_SPOKEN_OF: tuple[type[BaseModel], ...] = (*_MODELS.values(), Person, Wishes)
_OURS = _ATTRIBUTES.union(("data_base64",), *(each.model_fields for each in _SPOKEN_OF))


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
    """The event of `platform` at `now`. Raises Rejected, or Forbidden for what others may send."""
    if not isinstance(event, dict):
        raise Rejected("", Withheld(event), "a CloudEvent: a JSON object", "see docs/events.md")
    strict_json.sound(event)
    _attributes(event)
    kind = _type(event)
    source = _source(event, platform)
    arrival = Arrival(source, _id(event), kind, _time(event, now), _data(event, kind))
    _authorised(arrival.data, platform)
    return arrival


def named(event: Any) -> str | None:
    """The id of an event that may be broken, for the answer to it."""
    found = event.get("id") if isinstance(event, dict) else None
    return found if isinstance(found, str) and _PRINTABLE.fullmatch(found) else None


def loggable(pointer: str) -> str:
    """A pointer into an event without names that are none of ours: those may be anybody's words."""
    _, *steps = pointer.split("/")
    return "".join(f"/{each if each in _OURS or _INDEX.fullmatch(each) else '…'}" for each in steps)


def _attributes(event: dict[str, Any]) -> None:
    for name in event.keys() - _ATTRIBUTES:
        if name == "data_base64":
            raise Rejected("/data_base64", "binary data", "left out", "send JSON in data")
        if not _NAME.fullmatch(name):
            pointer = f"/{strict_json.escaped(name)}"
            raise Rejected(
                pointer, name, "named with a-z and 0-9 only (CloudEvents 1.0)", "rename it"
            )
    version = event.get("specversion", MISSING)
    if version != "1.0":
        raise Rejected("/specversion", version, '"1.0"', "send CloudEvents 1.0")
    media = event.get("datacontenttype", "application/json")
    if not (isinstance(media, str) and _JSON.fullmatch(media)):
        raise Rejected("/datacontenttype", media, "application/json", "send JSON in data")


def _type(event: dict[str, Any]) -> EventType:
    name = event.get("type", MISSING)
    found = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        raise Rejected("/type", name, "a type of docs/events.md", "see docs/events.md")
    return found


def _source(event: dict[str, Any], platform: Platform) -> str:
    source = _text(event, "source")
    if source not in platform.sources:
        limit = "a source of this platform: " + ", ".join(sorted(platform.sources))
        raise Forbidden("/source", source, limit, "send it with your own source and key")
    return source


def _id(event: dict[str, Any]) -> str:
    return _text(event, "id")


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name, MISSING)
    if not (isinstance(value, str) and _PRINTABLE.fullmatch(value)):
        raise Rejected(
            f"/{name}", value, "text of 1 to 256 printable characters", f"say the event's {name}"
        )
    return value


def _time(event: dict[str, Any], now: int) -> int:
    value = event.get("time", MISSING)
    if not (isinstance(value, str) and _RFC3339.fullmatch(value)):
        raise _wrong_time(value, "RFC 3339 with an offset, such as 2026-03-01T09:30:00Z")
    try:
        time = instants.from_rfc3339(value.upper())
    except (ValueError, OverflowError) as error:
        raise _wrong_time(value, "a moment of the calendar") from error
    if time > now + AHEAD_US:
        limit = f"at most 5 minutes after {instants.to_rfc3339(now)}"
        raise Rejected(
            "/time", value, limit, "set the clock right, or send it when it has happened"
        )
    if time < EARLIEST:
        raise _wrong_time(value, "1900-01-01T00:00:00Z or later")
    return time


def _wrong_time(value: object, limit: str) -> Rejected:
    return Rejected("/time", value, limit, "send when it happened")


def _data(event: dict[str, Any], kind: EventType) -> BaseModel:
    if "data" not in event:
        raise Rejected("/data", MISSING, f"the data of {kind.name}", "see docs/events.md")
    try:
        return _MODELS[kind.name].model_validate(event["data"])
    except ValidationError as error:
        raise _explained(error, kind) from error


def _explained(error: ValidationError, kind: EventType) -> Rejected:
    first = error.errors(include_url=False)[0]
    pointer = "".join(f"/{strict_json.escaped(str(each))}" for each in ("data", *first["loc"]))
    value = Withheld(first["input"])
    if first["type"] == "missing":
        return Rejected(pointer, MISSING, "given", f"add it; see docs/events.md, {kind.name}")
    if first["type"] == "extra_forbidden":
        return Rejected(pointer, value, "left out", f"see docs/events.md, {kind.name}")
    return Rejected(pointer, value, _limit(first), f"see docs/events.md, {kind.name}")


def _limit(error: ErrorDetails) -> str:
    """What is allowed, in the words of docs/events.md where pydantic has others."""
    if error["type"] == "string_pattern_mismatch":
        return f"text of the form {error['ctx']['pattern']}"
    if error["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return "a JSON object"
    limit = error["msg"].replace("String should have", "text with")
    for opening in ("Input should be ", "Value error, "):
        limit = limit.removeprefix(opening)
    return limit


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
