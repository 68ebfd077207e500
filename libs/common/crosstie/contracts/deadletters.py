"""The AsyncAPI message of a dead letter."""

from __future__ import annotations

from crosstie.contracts.messages import Components


def dead_letter(components: Components) -> str:
    """The record as it came, with headers that say where from and what is wrong."""
    return components.message(
        "deadLetter",
        {
            "name": "deadLetter",
            "title": "dead letter",
            "summary": "Value, key and headers as they came; the headers below are added.",
            "contentType": "application/octet-stream",
            "payload": {"type": "string", "format": "binary"},
        },
    )
