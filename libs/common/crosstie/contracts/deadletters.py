"""The AsyncAPI messages of `dlq.v1`: dead letters, and marks of those that were replayed or dismissed."""

from __future__ import annotations

from typing import Any

from crosstie import dlq
from crosstie.contracts.cloudevents import keyed
from crosstie.contracts.messages import Components

_PLACE = {
    dlq.TOPIC: "Topic of the inbox that it came on.",
    dlq.PARTITION: "Its partition there.",
    dlq.OFFSET: "Its offset there.",
}
_REFUSED = {
    dlq.REASON: "JSON with pointer, value, limit and remedy.",
    dlq.AT: "When it was refused, RFC 3339.",
}
_SOMETIMES = {
    dlq.EMPTY_KEY: "Only where the key was empty, and not absent: `true`.",
    dlq.OMITTED: "Only where it was too big to keep: its size in bytes.",
}
_GIVEN_UP = {dlq.DISMISSED: "Only where it was dismissed, and not replayed: `true`."}


def dead_letter(components: Components) -> str:
    """A record as it came, and headers that say what is wrong with it."""
    return components.message(
        "deadLetter",
        {
            "name": "deadLetter",
            "title": "dead letter",
            "summary": "Key, value and headers as they came; after these, the headers below. A "
            f"replay of it has `{dlq.REPLAY_OF}` (the first letter's place, topic/partition/offset) "
            f"and `{dlq.REPLAYS}` (how often) on the inbox, and in the letter that it may become.",
            "contentType": "application/octet-stream",
            "headers": _headers(_PLACE | _REFUSED, _SOMETIMES),
            "payload": {"type": "string", "format": "binary"},
        },
    )


def mark(components: Components) -> str:
    """That a letter was replayed, or dismissed."""
    return components.message(
        "replayedLetter",
        {
            "name": "replayedLetter",
            "title": "mark of a letter",
            "summary": "`crosstie dlq replay` put the letter of that place back on its inbox, or "
            "`crosstie dlq dismiss` gave it up.",
            "contentType": "application/octet-stream",
            "headers": _headers(_PLACE | {dlq.REPLAYED: "When, RFC 3339."}, _GIVEN_UP),
            "payload": {"type": "string", "maxLength": 0},
            "bindings": keyed({"type": "string"}, "The letter: topic/partition/offset."),
        },
    )


def _headers(always: dict[str, str], sometimes: dict[str, str] | None = None) -> dict[str, Any]:
    described = always | (sometimes or {})
    return {
        "type": "object",
        "required": list(always),
        "properties": {
            name: {"type": "string", "description": text} for name, text in described.items()
        },
    }
