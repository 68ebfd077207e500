"""One AsyncAPI 3.0 document per service, from the list of topics and the registry of types.

Names carry the default prefix `crosstie.`; a deployment that sets another says so to its platforms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from crosstie.contracts.cloudevents import KAFKA_BINDING
from crosstie.contracts.deadletters import dead_letter, mark
from crosstie.contracts.messages import Components
from crosstie.topics import Topic, Topics

JsonObject = dict[str, Any]
Messages = Callable[[Components], list[str]]

_TOPICS = Topics()
_PLATFORM = "{platform}"
_TEXT = {
    "ingestion": (
        "Takes what platforms say: events on their inbox, or POST /v1/events (see the OpenAPI "
        "document). `receive` is what the service does: to send an event, produce to the inbox of "
        "your platform. What is wrong with an event is told on the dead-letter topic."
    ),
    "profile": "Folds the log into members and ties, each event once, and publishes every row.",
    "matching": (
        "Reads the network, runs rounds, and tells each platform what became of its suggestions. "
        "`send` is what the service does: consume from the suggestions topic of your platform with "
        "isolation level read_committed, and answer with suggestion.answered events on your inbox."
    ),
}


def documents() -> dict[str, JsonObject]:
    """The document of each service, by name."""
    return {"ingestion": _ingestion(), "profile": _profile(), "matching": _matching()}


class Document:
    """An AsyncAPI document in the making."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._channels: JsonObject = {}
        self._operations: JsonObject = {}
        self._components = Components()

    def channel(self, name: str, topic: Topic, description: str, messages: Messages) -> None:
        """A topic and what may stand on it."""
        channel: JsonObject = {
            "address": topic.name,
            "title": name,
            "description": description,
            "messages": {
                ref.rsplit("/", 1)[1]: {"$ref": ref} for ref in messages(self._components)
            },
            "bindings": {"kafka": _channel_binding(topic)},
        }
        if _PLATFORM in topic.name:
            channel["parameters"] = {
                "platform": {
                    "description": "Name that the operator gave the platform: ^[a-z0-9-]{1,40}$.",
                    "examples": ["intranet"],
                }
            }
        self._channels[name] = channel

    def operation(
        self,
        name: str,
        action: Literal["send", "receive"],
        channel: str,
        group: str | None = None,
        messages: Iterable[str] | None = None,
    ) -> None:
        """What the service does with a channel, or with some of its messages."""
        operation: JsonObject = {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "messages": [
                {"$ref": f"#/channels/{channel}/messages/{each}"}
                for each in messages or self._channels[channel]["messages"]
            ],
        }
        if group is not None:
            operation["bindings"] = {
                "kafka": {
                    "groupId": {"type": "string", "const": group},
                    "bindingVersion": KAFKA_BINDING,
                }
            }
        self._operations[name] = operation

    def whole(self) -> JsonObject:
        """The document."""
        return {
            "asyncapi": "3.0.0",
            "info": {
                "title": f"crosstie {self._service}",
                "version": "1.0.0",
                "description": _TEXT[self._service],
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {
                "kafka": {
                    "host": "{bootstrap}",
                    "protocol": "kafka",
                    "description": "Kafka of the deployment; the operator tells address and login.",
                    "variables": {
                        "bootstrap": {
                            "default": "localhost:9092",
                            "description": "Bootstrap servers: CROSSTIE_KAFKA_BOOTSTRAP.",
                        }
                    },
                }
            },
            "channels": self._channels,
            "operations": self._operations,
            "components": {
                "messages": self._components.messages,
                "schemas": dict(sorted(self._components.schemas.items())),
            },
        }


def _ingestion() -> JsonObject:
    document = Document("ingestion")
    document.channel(
        "inbox",
        _TOPICS.inbox(_PLATFORM),
        "Where one platform writes its events; order does not matter, nor do doubles.",
        Components.sent_events,
    )
    document.channel(
        "events",
        _TOPICS.events,
        "The log: every accepted event, kept for ever.",
        Components.logged_events,
    )
    document.channel(
        "dlq",
        _TOPICS.dlq,
        "What was wrong on an inbox, byte for byte as it came, with the reason.",
        lambda components: [dead_letter(components), mark(components)],
    )
    document.operation("receiveEvents", "receive", "inbox", f"{_TOPICS.prefix}ingestion")
    document.operation("appendToLog", "send", "events")
    document.operation("refuse", "send", "dlq", messages=["deadLetter"])
    return document.whole()


def _profile() -> JsonObject:
    document = Document("profile")
    document.channel(
        "events",
        _TOPICS.events,
        "The log: every accepted event, kept for ever.",
        Components.logged_events,
    )
    document.channel(
        "network",
        _TOPICS.network,
        "Newest row per key, compacted; partition and key are those of the log.",
        Components.rows,
    )
    document.operation("foldLog", "receive", "events", f"{_TOPICS.prefix}profile")
    document.operation("publishRows", "send", "network")
    return document.whole()


def _matching() -> JsonObject:
    document = Document("matching")
    document.channel(
        "network", _TOPICS.network, "Newest row per key, and progress marks.", Components.rows
    )
    document.channel(
        "suggestions",
        _TOPICS.suggestions(_PLATFORM),
        "What became of each suggestion that concerns people of one platform.",
        Components.suggestions,
    )
    document.channel(
        "rounds",
        _TOPICS.rounds,
        "Every round, kept for ever: ids and codes, no text.",
        Components.rounds,
    )
    document.operation("readNetwork", "receive", "network")
    document.operation("tellPlatform", "send", "suggestions")
    document.operation("recordRound", "send", "rounds")
    return document.whole()


def _channel_binding(topic: Topic) -> JsonObject:
    config = topic.config()
    rest = {name: _value(text) for name, text in config.items() if name != "cleanup.policy"}
    return {
        "partitions": topic.partitions,
        "topicConfiguration": {"cleanup.policy": [topic.cleanup]} | rest,
        "bindingVersion": KAFKA_BINDING,
    }


def _value(text: str) -> int | str:
    return int(text) if text.removeprefix("-").isdecimal() else text
