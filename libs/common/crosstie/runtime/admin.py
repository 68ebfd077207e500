"""Kafka administration: topics as `topics.py` lists them, and the ids that tell namesakes apart.

confluent-kafka's admin client, because aiokafka tells no topic ids. Synchronous: call it through
`asyncio.to_thread`. A process waits at its end for that thread, so what services ask is asked
briefly, and again by them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec
from confluent_kafka.cimpl import NewTopic

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Misconfigured
from crosstie.topics import Topic

_TIMEOUT_SECONDS = 30
_SOON_SECONDS = 5
_KNOWN_SECONDS = 10.0
_LATE_SECONDS = _SOON_SECONDS + 2  # no thread waits for a future without end
_latest: Any = OffsetSpec.latest  # untyped


def admin(brokers: Brokers) -> AdminClient:
    """An admin client that keeps its complaints for the errors it raises."""
    return AdminClient(
        brokers.librdkafka()
        | {
            "log_level": 0,
            "socket.timeout.ms": _TIMEOUT_SECONDS * 1000,
        }
    )


def create_topics(brokers: Brokers, topics: Iterable[Topic], replication: int = -1) -> list[str]:
    """Create the topics that are missing; the names created, in order.

    `replication` -1 takes the broker's default. Raises Misconfigured where a topic exists with
    fewer partitions (they are never added behind one's back; those that somebody added do no harm,
    and nobody can take them away), BrokerAway.
    """
    wanted = list(topics)
    client = admin(brokers)
    existing = _partitions(client)
    for topic in wanted:
        if existing.get(topic.name, topic.partitions) < topic.partitions:
            raise Misconfigured(
                f"topic {topic.name} has {existing[topic.name]} partitions, must be {topic.partitions}; "
                "give CROSSTIE_TOPIC_PREFIX another value, or make a new generation of the topic"
            )
    missing = [topic for topic in wanted if topic.name not in existing]
    created: list[str] = []
    for name, future in _create(client, missing, replication).items():
        try:
            future.result()
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerAway(f"cannot create {name}: {error.args[0].str()}") from error
    _until_known(client, set(created))
    return sorted(created)


def _until_known(client: AdminClient, names: set[str]) -> None:
    """A broker may learn of a topic a moment after the controller made it; a while is enough."""
    deadline = time.monotonic() + _KNOWN_SECONDS
    while not names <= _partitions(client).keys() and time.monotonic() < deadline:
        time.sleep(0.05)


def topic_ids(brokers: Brokers, names: Iterable[str]) -> dict[str, str]:
    """The id of each topic that exists: another one after it is deleted and made again."""
    wanted = list(names)
    if not wanted:
        return {}
    client = admin(brokers)  # kept by a name: its futures fail once it is collected
    futures = client.describe_topics(TopicCollection(wanted), request_timeout=_SOON_SECONDS)
    found: dict[str, str] = {}
    for name, future in futures.items():
        try:
            found[name] = str(future.result(_LATE_SECONDS).topic_id)
        except TimeoutError as error:
            raise BrokerAway(f"nobody describes {name}") from error
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise BrokerAway(
                    f"our user may not see {name}: give it its rules with `crosstie topics acls --create`"
                ) from error
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise BrokerAway(f"cannot describe {name}: {error.args[0].str()}") from error
    return found


def end_offsets(
    brokers: Brokers,
    topic: str,
    partitions: Iterable[int],
    isolation: IsolationLevel = IsolationLevel.READ_COMMITTED,
) -> dict[int, int]:
    """Where each partition ends, by default for those who read what is committed. Raises BrokerAway."""
    asked = {TopicPartition(topic, each): _latest() for each in partitions}
    if not asked:
        return {}
    client = admin(brokers)  # kept by a name: its futures fail once it is collected
    futures = client.list_offsets(asked, isolation_level=isolation, request_timeout=_SOON_SECONDS)
    try:
        ends = {p.partition: future.result(_LATE_SECONDS).offset for p, future in futures.items()}
    except KafkaException as error:
        raise BrokerAway(f"cannot ask where {topic} ends: {error.args[0].str()}") from error
    except TimeoutError as error:
        raise BrokerAway(f"nobody says where {topic} ends") from error
    if min(ends.values()) < 0:  # a broker that has just come back may say -1, and no error
        raise BrokerAway(f"nobody says yet where {topic} ends")
    return ends


def delete_topics(brokers: Brokers, names: Iterable[str]) -> None:
    """Delete topics, for tests and for taking a platform away."""
    client = admin(brokers)
    for future in client.delete_topics(list(names)).values():
        future.result()


def partitions_of(brokers: Brokers) -> dict[str, int]:
    """Every topic of the broker and how many partitions it has. Raises BrokerAway."""
    return _partitions(admin(brokers))


def _partitions(client: AdminClient) -> dict[str, int]:
    try:
        found = client.list_topics(timeout=_TIMEOUT_SECONDS)
    except KafkaException as error:
        raise BrokerAway(f"cannot list topics: {error.args[0].str()}") from error
    return {name: len(each.partitions) for name, each in found.topics.items()}


def _create(client: AdminClient, topics: list[Topic], replication: int) -> dict[str, Any]:
    if not topics:
        return {}
    new = [
        NewTopic(
            each.name,
            num_partitions=each.partitions,
            replication_factor=replication,
            config=each.config(),
        )
        for each in topics
    ]
    return dict(client.create_topics(new, request_timeout=_TIMEOUT_SECONDS))
