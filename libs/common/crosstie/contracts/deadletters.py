"""The AsyncAPI message of a dead letter: the record as it came, and headers that say what is wrong."""

from __future__ import annotations

from typing import Any

from crosstie import dlq
from crosstie.contracts.messages import Components

_HEADERS = {
    dlq.TOPIC: "Topic of the inbox that it came on.",
    dlq.PARTITION: "Its partition there.",
    dlq.OFFSET: "Its offset there.",
    dlq.REASON: "JSON with pointer, value, limit and remedy.",
    dlq.AT: "When it was refused, RFC 3339.",
    dlq.OMITTED: "Only where it was too big to keep: its size in bytes.",
}


def dead_letter(components: Components) -> str:
    """The message, put into `components`."""
    properties: dict[str, Any] = {
        name: {"type": "string", "description": text} for name, text in _HEADERS.items()
    }
    return components.message(
        "deadLetter",
        {
            "name": "deadLetter",
            "title": "dead letter",
            "summary": "Key, value and headers as they came; after these, the headers below.",
            "contentType": "application/octet-stream",
            "headers": {
                "type": "object",
                "required": [name for name in _HEADERS if name != dlq.OMITTED],
                "properties": properties,
            },
            "payload": {"type": "string", "format": "binary"},
        },
    )
