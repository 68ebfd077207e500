"""The attributes of a CloudEvent at the door, each checked by itself: what is wrong raises Rejected.

The clock is an argument.
"""

from __future__ import annotations

import re
from typing import Any

from crosstie import instants
from crosstie.door import strict_json
from crosstie.errors import MISSING, Rejected

AHEAD_US = 5 * 60 * instants.SECOND_US
EARLIEST = instants.from_rfc3339("1900-01-01T00:00:00Z")
ATTRIBUTES = frozenset(
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
_NAME = re.compile(r"[a-z0-9]+")
PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,256}")
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
_JSON = re.compile(
    r"\s*application/([a-z0-9.!#$&^_+-]+\+)?json\s*(;\s*charset=\"?utf-8\"?\s*)?", re.IGNORECASE
)


def names(event: dict[str, Any]) -> None:
    """Extension attributes pass, if they are named as CloudEvents has it."""
    for name in event.keys() - ATTRIBUTES:
        if name == "data_base64":
            raise Rejected("/data_base64", "binary data", "left out", "send JSON in data")
        if not _NAME.fullmatch(name):
            pointer = f"/{strict_json.escaped(name)}"
            raise Rejected(
                pointer, name, "named with a-z and 0-9 only (CloudEvents 1.0)", "rename it"
            )


def version(event: dict[str, Any]) -> None:
    version = event.get("specversion", MISSING)
    if version != "1.0":
        raise Rejected("/specversion", version, '"1.0"', "send CloudEvents 1.0")


def media(event: dict[str, Any]) -> None:
    media = event.get("datacontenttype", "application/json")
    if not (isinstance(media, str) and _JSON.fullmatch(media)):
        raise Rejected("/datacontenttype", media, "application/json", "send JSON in data")


def text(event: dict[str, Any], name: str) -> str:
    """The attribute of that name, which must be given."""
    value = event.get(name, MISSING)
    if not (isinstance(value, str) and PRINTABLE.fullmatch(value)):
        raise Rejected(
            f"/{name}", value, "text of 1 to 256 printable characters", f"say the event's {name}"
        )
    return value


def time(event: dict[str, Any], now: int) -> int:
    """When it happened, in microseconds."""
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
