"""The door's OpenAPI document, as if nothing could be sent but events that our platform may send.

The document itself lets any JSON be tried as an event: hardly anything made of it gets past the envelope.
"""

from __future__ import annotations

from typing import Any

from crosstie.contracts.schemas import outside_data
from crosstie.events import EVENT_TYPES, EventType
from tests.fuzz.events import TYPES
from tests.services.ingestion_world import SOURCE, person

REFS = "#/components/schemas/{model}"
NAMES = ["ada", "bob", "cy"]
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "specversion": {"const": "1.0"},
    "id": {"type": "string", "pattern": "^[a-z0-9]{12,20}$"},
    "source": {"const": SOURCE},
    "time": {"enum": ["2026-01-05T09:00:00Z", "2026-01-05T10:00:00.5+01:00"]},
}
# what is wrong with an event, by where it is told; and the status where that is all
SPOILED: dict[str, tuple[int, dict[str, Any]]] = {
    "/specversion": (422, {"specversion": "0.3"}),
    "/id": (422, {"id": ""}),
    "/source": (403, {"source": "https://others.example"}),
    "/type": (422, {"type": "org.crosstie.member.abducted.v1"}),
    "/time": (422, {"time": "yesterday"}),
    "/datacontenttype": (422, {"datacontenttype": "text/xml"}),
    "/data": (422, {"data": None}),
}


def documents(document: dict[str, Any]) -> list[dict[str, Any]]:
    """One for each type, but for erasures: after these others are refused."""
    return [_only(document, EVENT_TYPES[each]) for each in TYPES]


def by_one_of_them(event: dict[str, Any]) -> bool:
    """Whoever did it is one of the two: the one rule of data that schemas cannot say."""
    data = event["data"]
    by = data.get("by") or data.get("started_by")
    return by is None or by in data["members"]


def spoiled(event: dict[str, Any]) -> list[tuple[str, int, dict[str, Any]]]:
    """Where that is to be told, the status, and the event with one thing wrong with it."""
    surprise = {"data": event["data"] | {"surprise": 1}}
    wrong = SPOILED | {"/data/surprise": (422, surprise)}
    return [(pointer, status, event | more) for pointer, (status, more) in wrong.items()]


def _only(document: dict[str, Any], type: EventType) -> dict[str, Any]:
    data = outside_data(type, REFS)
    models = _ours(data.pop("$defs"))
    attributes = ATTRIBUTES | {"type": {"const": type.name}, "data": data}
    event = {
        "type": "object",
        "required": [*attributes],
        "properties": attributes,
        "additionalProperties": False,
    }
    post = document["paths"]["/v1/events"]["post"]
    body = {"required": True, "content": {"application/json": {"schema": event}}}
    operation = {**post, "parameters": [], "requestBody": body}
    components = document["components"]
    return document | {
        "paths": {"/v1/events": {"post": operation}},
        "components": components | {"schemas": components["schemas"] | models},
    }


def _ours(models: dict[str, Any]) -> dict[str, Any]:
    """There are no other people than these."""
    people = {"enum": [person(each) for each in NAMES]}
    return models | {"Person": people}
