"""Configuration that topics of an earlier version lack: set where nobody set it, never overridden.

What an operator gave a topic (a longer retention, a larger limit) stays; only what the topic takes
from the broker's defaults, and should not, becomes its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
)

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from crosstie.runtime.admin import admin
from crosstie.topics import Topic

_TIMEOUT_SECONDS = 30
_OWN: int = ConfigSource.DYNAMIC_TOPIC_CONFIG.value


def complete(brokers: Brokers, topics: Iterable[Topic]) -> dict[str, dict[str, str]]:
    """Give existing topics the configuration they lack; what was set, by topic. Raises BrokerAway."""
    client = admin(brokers)
    lacking: dict[str, dict[str, str]] = {}
    for topic, there in _described(client, list(topics)):
        lacks = {
            name: value for name, value in topic.config().items() if _lacks(there, name, value)
        }
        if lacks:
            lacking[topic.name] = lacks
    _set(client, lacking)
    return lacking


def _lacks(there: dict[str, Any], name: str, value: str) -> bool:
    entry = there.get(name)
    return entry is None or (int(entry.source) != _OWN and entry.value != value)


def _described(client: AdminClient, topics: list[Topic]) -> list[tuple[Topic, dict[str, Any]]]:
    asked = {
        each.name: (each, ConfigResource(ConfigResource.Type.TOPIC, each.name)) for each in topics
    }
    if not asked:
        return []
    futures = client.describe_configs(
        [resource for _, resource in asked.values()], request_timeout=_TIMEOUT_SECONDS
    )
    return [(asked[each.name][0], _result(future)) for each, future in futures.items()]


def _set(client: AdminClient, lacking: dict[str, dict[str, str]]) -> None:
    resources = [
        ConfigResource(
            ConfigResource.Type.TOPIC,
            topic,
            incremental_configs=[
                ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
                for name, value in lacks.items()
            ],
        )
        for topic, lacks in lacking.items()
    ]
    if resources:
        futures = client.incremental_alter_configs(resources, request_timeout=_TIMEOUT_SECONDS)
        for future in futures.values():
            _result(future)


def _result(future: Any) -> Any:
    try:
        return future.result(_TIMEOUT_SECONDS)
    except (KafkaException, TimeoutError) as error:
        raise BrokerAway(f"topic configuration: {error}") from error
