"""AsyncAPI messages: each record that stands on a topic, with its headers, key, data and sample."""

from __future__ import annotations

from typing import Any

from crosstie.contracts import samples, schemas, suggested
from crosstie.contracts.cloudevents import (
    cloudevent_headers,
    keyed,
    sample_headers,
    short,
    suggestion_headers,
    text,
    time,
)
from crosstie.events import ERASED, EVENT_TYPES, EventType
from crosstie.logrecord import JSON
from crosstie.matching.model import Round
from crosstie.matching.record import PART_HEADER
from crosstie.network.state import Member, Tie
from crosstie.network.wire import Mark
from crosstie.sealing import SEALED
from crosstie.suggestions import SUGGESTION_TYPES

JsonObject = dict[str, Any]

STRUCTURED = "application/cloudevents+json"
_REFS = "#/components/schemas/{model}"
_SUBJECT = "[A-Z2-7]{16}"


class Components:
    """Messages and schemas of one document; a message is put in once, whatever uses it."""

    def __init__(self) -> None:
        self.messages: JsonObject = {}
        self.schemas: JsonObject = {}

    def message(self, name: str, message: JsonObject) -> str:
        """Put `message` in; returns the reference to it."""
        self.messages[name] = message
        return f"#/components/messages/{name}"

    def schema(self, name: str, schema: JsonObject) -> JsonObject:
        """Put `schema` in, and what it defines beside it; returns the reference to it."""
        schema = dict(schema)
        self.schemas |= schema.pop("$defs", {})
        self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def sent_events(self) -> list[str]:
        """Every event as platforms send it: binary mode by type, and one for structured mode."""
        return [self._sent(each) for each in EVENT_TYPES.values()] + [self._structured()]

    def logged_events(self) -> list[str]:
        """Every event as it stands in the log."""
        kept = [each for each in EVENT_TYPES.values() if each.about != "gathering"]
        return [self._logged(each) for each in kept]

    def suggestions(self) -> list[str]:
        """Every change of a suggestion."""
        return [self._suggestion(state, name) for state, name in SUGGESTION_TYPES.items()]

    def rows(self) -> list[str]:
        """Rows of the network and progress marks."""
        (member, tie, mark), components = schemas.of_structs(Member, Tie, Mark)
        self.schemas |= components
        subject, pair = f"^member/{_SUBJECT}$", f"^tie/{_SUBJECT}/{_SUBJECT}$"
        return [
            self._plain("member", "What is known of one member.", member, subject),
            self._plain(
                "memberErased",
                "The member was erased: a record without a value, after which compaction keeps "
                "nothing of the key.",
                {"type": "null"},
                subject,
            ),
            self._plain("tie", "What two members had to do with each other.", tie, pair),
            self._plain("mark", "The rows before it reflect the log up to here.", mark, "^mark$"),
        ]

    def rounds(self) -> list[str]:
        """Rounds of the matcher."""
        (round_,), components = schemas.of_structs(Round)
        self.schemas |= components
        said = "One round: what it read and decided. One above 512 KiB comes in parts."
        return [self._plain("round", said, round_, "^[0-9]+$"), self._round_part()]

    def _sent(self, event_type: EventType) -> str:
        name = short(event_type.name)
        schema = self.schema(name, schemas.outside_data(event_type, _REFS))
        sample = samples.cloudevent(event_type.name)
        return self.message(
            name,
            {
                "name": event_type.name,
                "title": name,
                "summary": schemas.outside_data(event_type)["description"],
                "contentType": JSON,
                "headers": cloudevent_headers(event_type.name, JSON),
                "payload": schema,
                "bindings": keyed({"type": "string"}, "Yours to choose; the person's id is fine."),
                "examples": [
                    {
                        "name": "sample",
                        "headers": sample_headers(sample),
                        "payload": sample["data"],
                    }
                ],
            },
        )

    def _structured(self) -> str:
        types = list(EVENT_TYPES)
        envelope = {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "time", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": text("With `source` it names this event for ever: send it again as it is."),
                "source": text("One of the sources that this platform was given."),
                "type": {"type": "string", "enum": types},
                "time": time(),
                "datacontenttype": {"const": JSON},
                "data": {
                    "description": "As the message of this type says.",
                    "anyOf": [{"$ref": f"#/components/schemas/{short(each)}"} for each in types],
                },
            },
        }
        return self.message(
            "structured",
            {
                "name": "structured",
                "title": "any event, in structured mode",
                "summary": "The whole CloudEvent in the value; only the content type in a header.",
                "contentType": STRUCTURED,
                "headers": {
                    "type": "object",
                    "required": ["content-type"],
                    "properties": {"content-type": {"const": STRUCTURED}},
                },
                "payload": self.schema("structured", envelope),
                "bindings": keyed({"type": "string"}, "Yours to choose."),
                "examples": [
                    {
                        "name": "sample",
                        "payload": samples.cloudevent("org.crosstie.contact.made.v1"),
                    }
                ],
            },
        )

    def _logged(self, event_type: EventType) -> str:
        name = f"logged.{short(event_type.name)}"
        opened = self.schema(name, schemas.logged_data(event_type, _REFS))
        sealed = event_type.about == "member" and event_type.name != ERASED
        key = (
            f"^member/{_SUBJECT}$"
            if event_type.about == "member"
            else f"^tie/{_SUBJECT}/{_SUBJECT}$"
        )
        message = {
            "name": event_type.name,
            "title": name,
            "contentType": SEALED if sealed else JSON,
            "headers": cloudevent_headers(event_type.name, SEALED if sealed else JSON),
            "payload": opened,
            "bindings": keyed({"type": "string", "pattern": key}, "Whom it is about."),
        }
        if sealed:
            message |= {
                "summary": "Sealed with the member's data key: AES-SIV over the JSON that x-opened shows.",
                "payload": {"type": "string", "format": "binary"},
                "x-opened": opened,
            }
        return self.message(name, message)

    def _suggestion(self, state: str, type_name: str) -> str:
        name = short(type_name)
        sample = suggested.suggestion_changed(state)
        envelope = {
            "specversion": "1.0",
            "id": f"{sample['suggestion']}/{sample['seq']}",
            "source": "crosstie/local",
            "type": type_name,
            "time": samples.TIME,
        }
        return self.message(
            name,
            {
                "name": type_name,
                "title": name,
                "summary": f"From now on the suggestion is {state}.",
                "contentType": JSON,
                "headers": suggestion_headers(type_name),
                "payload": self.schema(name, schemas.suggestion_data(state, _REFS)),
                "bindings": keyed({"type": "string"}, "Id of the suggestion."),
                "examples": [
                    {"name": "sample", "headers": sample_headers(envelope), "payload": sample}
                ],
            },
        )

    def _round_part(self) -> str:
        return self.message(
            "roundPart",
            {
                "name": "roundPart",
                "title": "part of a round",
                "summary": "Up to 512 KiB of the JSON of a round; its parts follow each other on the "
                "topic, and their values, joined, are the round.",
                "contentType": "application/octet-stream",
                "headers": {
                    "type": "object",
                    "required": [PART_HEADER],
                    "properties": {
                        PART_HEADER: {
                            "type": "string",
                            "pattern": "^[1-9][0-9]*/[1-9][0-9]*$",
                            "description": "`i/of`: which part, from 1, of how many.",
                        }
                    },
                },
                "payload": {"type": "string", "format": "binary"},
                "bindings": keyed(
                    {"type": "string", "pattern": "^[0-9]+/[1-9][0-9]*$"},
                    "`n/i`: number of the round, and of the part.",
                ),
            },
        )

    def _plain(self, name: str, summary: str, payload: JsonObject, key: str) -> str:
        return self.message(
            name,
            {
                "name": name,
                "title": name,
                "summary": summary,
                "contentType": JSON,
                "payload": payload,
                "bindings": keyed({"type": "string", "pattern": key}),
            },
        )
