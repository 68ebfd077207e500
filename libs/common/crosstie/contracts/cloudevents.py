"""How a CloudEvent stands on Kafka, as JSON Schema: attributes in headers, the key beside them."""

from __future__ import annotations

from typing import Any

from crosstie.logrecord import JSON
from crosstie.suggestions import SUGGESTION_TYPES

JsonObject = dict[str, Any]

KAFKA_BINDING = "0.5.0"


def short(type_name: str) -> str:
    return type_name.removeprefix("org.crosstie.")


def text(description: str) -> JsonObject:
    return {"type": "string", "minLength": 1, "description": description}


def time() -> JsonObject:
    return {
        "type": "string",
        "format": "date-time",
        "description": "When it happened, with an offset; at most 5 minutes ahead of the clock.",
    }


def cloudevent_headers(type_name: str, content_type: str) -> JsonObject:
    """CloudEvents 1.0, Kafka protocol binding, binary mode: attributes are headers, UTF-8."""
    return {
        "type": "object",
        "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"],
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": text("With `ce_source` it names this event for ever."),
            "ce_source": text("Who says so."),
            "ce_type": {"const": type_name},
            "ce_time": time(),
            "content-type": {"const": content_type},
        },
    }


def suggestion_headers(type_name: str) -> JsonObject:
    headers = cloudevent_headers(type_name, JSON)
    if type_name != SUGGESTION_TYPES["made"]:
        return headers
    round_ = {"type": "string", "description": "Number of the round that made the suggestion."}
    return headers | {"properties": headers["properties"] | {"ce_crosstieround": round_}}


def sample_headers(event: JsonObject) -> JsonObject:
    attributes = {
        f"ce_{name}": event[name] for name in ("specversion", "id", "source", "type", "time")
    }
    return attributes | {"content-type": JSON}


def keyed(schema: JsonObject, description: str = "") -> JsonObject:
    said = {"description": description} if description else {}
    return {"kafka": {"key": schema | said, "bindingVersion": KAFKA_BINDING}}
