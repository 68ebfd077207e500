"""Locked doors: TLS and users everywhere, and each user is refused what is not theirs.

An embedded Kafka with SASL_SSL and an authorizer, a PostgreSQL that takes nobody without TLS,
certificates of an authority that this test makes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, Producer
from sqlalchemy import make_url

from crosstie.access import of_platform
from crosstie.brokers import Brokers
from crosstie.client.inbox import inbox
from crosstie.client.outcome import suggestions
from crosstie.errors import Misconfigured
from crosstie.runtime.acls import allow
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.group_offsets import committed
from crosstie.runtime.supervised import Supervised, all_ready
from crosstie.runtime.supervisor import READY_SECONDS
from crosstie.topics import Topics
from tests.services.doors_world import (
    PATIENCE_SECONDS,
    PLATFORM,
    PROBED,
    SERVED,
    SERVICES,
    Locked,
)

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]


async def test_an_event_in_and_a_suggestion_out_with_every_door_locked(doors: Locked) -> None:
    platform = doors.brokers(f"crosstie.platform.{PLATFORM}")
    async with (
        running(doors),
        suggestions(platform, SERVED.suggestions(PLATFORM).name, from_beginning=True) as shown,
        inbox(platform, SERVED.inbox(PLATFORM).name) as box,
    ):
        await box.send(three_people())
        async with asyncio.timeout(PATIENCE_SECONDS):
            made = await anext(shown.follow())
    people = {side.person.id for side in made.change.members if side.person is not None}
    assert people == {"bo", "chris"}
    said = "".join(each.read_text() for each in doors.logs.glob("*.log"))
    passwords = [make_url(url).password for url in doors.logins.values()]
    assert "Authenticated" in said or "listening" in said  # they do log
    assert [each for each in (*doors.doors.users.values(), *passwords) if str(each) in said] == []


def test_rules_are_made_once(doors: Locked) -> None:
    made = doors.crosstie("topics", "acls", "--create", "--prefix", PROBED.prefix)
    assert made == "every rule is there already\n"  # `platforms add` has made those of `probing`


EVENTS, NETWORK, ROUNDS, DLQ = (each.name for each in PROBED.shared())
INBOX, SUGGESTIONS = (each.name for each in PROBED.of_platform(PLATFORM))
OTHERS_INBOX, OTHERS_SUGGESTIONS = (each.name for each in PROBED.of_platform("other"))
TOPICS = (EVENTS, NETWORK, ROUNDS, DLQ, INBOX, SUGGESTIONS, OTHERS_INBOX, OTHERS_SUGGESTIONS)
MAY_WRITE = {
    "probe.ingestion": {EVENTS, DLQ},
    "probe.profile": {NETWORK},
    "probe.matching": {ROUNDS, SUGGESTIONS, OTHERS_SUGGESTIONS},
    "probe.platform.intranet": {INBOX},
}
MAY_READ = {
    "probe.ingestion": {INBOX, OTHERS_INBOX},
    "probe.profile": {EVENTS},
    "probe.matching": {NETWORK, ROUNDS},
    "probe.platform.intranet": {SUGGESTIONS},
}


@pytest.fixture(scope="module")
def written(doors: Locked) -> Locked:
    """A record of the operator on every topic, so that whoever may read has something to read."""
    assert accepted(doors.brokers("operator")) == set(TOPICS)
    return doors


@pytest.mark.parametrize("user", MAY_WRITE)
def test_a_user_writes_its_topics_and_no_other(user: str, written: Locked) -> None:
    assert accepted(written.brokers(user)) == MAY_WRITE[user]


@pytest.mark.parametrize("user", MAY_READ)
async def test_a_user_reads_its_topics_and_no_other(user: str, written: Locked) -> None:
    brokers = written.brokers(user)
    named = await asyncio.to_thread(
        partitions_of, brokers
    )  # whose name one hears, one may describe
    assert {topic for topic in TOPICS if topic in named and await readable(brokers, topic)} == (
        MAY_READ[user]
    )


@pytest.mark.parametrize(
    ("user", "group", "may"),
    [
        ("probe.ingestion", "probe.ingestion", True),
        ("probe.ingestion", "probe.profile", False),
        ("probe.profile", "probe.ingestion", False),
        ("probe.matching", "probe.profile", False),
        ("probe.platform.intranet", "probe.platform.intranet.mine", True),
        ("probe.platform.intranet", "probe.platform.other.theirs", False),
        ("probe.platform.intranet", "probe.ingestion", False),
    ],
)
async def test_a_user_joins_its_groups_and_no_other(
    user: str, group: str, may: bool, written: Locked
) -> None:
    consumer = AIOKafkaConsumer(**written.brokers(user).aiokafka(), group_id=group)
    await consumer.start()
    try:
        asking = consumer.committed(TopicPartition(min(MAY_READ[user]), 0))
        if may:
            await asking
        else:
            with pytest.raises(GroupAuthorizationFailedError):
                await asking
    finally:
        await consumer.stop()


async def test_a_group_that_is_hidden_from_a_user_is_told_apart_from_a_kafka_that_is_away(
    written: Locked,
) -> None:
    inbox = Topics("probe.").inbox("intranet").name
    with pytest.raises(Misconfigured, match=r"may not see how far probe\.ingestion is"):
        await committed(written.brokers("probe.platform.intranet"), "probe.ingestion", inbox)


@pytest.mark.parametrize(
    ("user", "transactional_id", "may"),
    [
        ("probe.profile", "probe.profile-3", True),
        ("probe.profile", "probe.matching", False),
        ("probe.matching", "probe.matching", True),
        ("probe.matching", "probe.profile-3", False),
        ("probe.ingestion", "probe.matching", False),
        ("probe.platform.intranet", "probe.matching", False),
    ],
)
def test_nobody_fences_another_by_its_transactional_id(
    user: str, transactional_id: str, may: bool, written: Locked
) -> None:
    options = {"transactional.id": transactional_id, "log_level": 0}
    producer = Producer(written.brokers(user).librdkafka() | options)
    refused = refusal(lambda: producer.init_transactions(PATIENCE_SECONDS))
    assert refused == (None if may else KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)


@pytest.mark.parametrize("user", MAY_WRITE)
def test_nobody_but_the_operator_makes_rules(user: str, written: Locked) -> None:
    with pytest.raises(Misconfigured, match=r"must be one of the cluster's super\.users"):
        allow(written.brokers(user), of_platform(PROBED, "other"))


def accepted(brokers: Brokers) -> set[str]:
    """The topics that took a record; the others must have said that they may not be written."""
    refusals: dict[str, int] = {}
    producer = Producer(brokers.librdkafka() | {"log_level": 0})
    for topic in TOPICS:

        def done(error: Any, _: Any, topic: str = topic) -> None:
            if error is not None:
                refusals[topic] = error.code()

        producer.produce(topic, b"x", b"k", partition=0, on_delivery=done)
    assert producer.flush(PATIENCE_SECONDS) == 0
    assert set(refusals.values()) <= {KafkaError.TOPIC_AUTHORIZATION_FAILED}
    return set(TOPICS) - set(refusals)


async def readable(brokers: Brokers, topic: str) -> bool:
    """Whether the first record comes, or the word that it may not be read."""
    consumer = AIOKafkaConsumer(**brokers.aiokafka(), enable_auto_commit=False)
    await consumer.start()
    place = TopicPartition(topic, 0)
    try:
        consumer.assign([place])
        consumer.seek(place, 0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await consumer.getone(place)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await consumer.stop()
    return True


def refusal(act: Callable[[], object]) -> int | None:
    """The code of Kafka's error, if it is one."""
    try:
        act()
    except KafkaException as error:
        code: int = error.args[0].code()
        return code
    return None


PERSON = "INSERT INTO vault.subjects VALUES ('AAAAAAAAAAAAAAAA', 'staff', 'p', ''::bytea)"
NAMES = "SELECT subject, authority, external_id FROM vault.subjects"
KEYS = "SELECT wrapped_key FROM vault.subjects"
GONE = "DELETE FROM vault.subjects"
PLATFORMS = "SELECT * FROM registry.platforms"
API_KEY = "UPDATE registry.api_keys SET revoked_at = NULL"
MEMBERS = "SELECT * FROM profile.members"
HEAD = "SELECT * FROM matching.head"
MAY = {
    "ingestion": {PERSON, NAMES, KEYS, PLATFORMS},
    "profile": {NAMES, KEYS, GONE, PLATFORMS, MEMBERS},
    "matching": {NAMES, PLATFORMS, HEAD},
}
OWNERS = ("CREATE TABLE public.mine ()", "CREATE SCHEMA mine", "CREATE ROLE mine", "CHECKPOINT")
STATEMENTS = (PERSON, NAMES, KEYS, GONE, PLATFORMS, API_KEY, MEMBERS, HEAD, *OWNERS)


@pytest.mark.parametrize("service", SERVICES)
def test_a_login_does_what_its_service_needs_and_nothing_else(service: str, doors: Locked) -> None:
    roles = [f"SET ROLE crosstie_{each}" for each in SERVICES]
    done = set()
    with psycopg.connect(doors.logins[service]) as connection:
        for statement in (*STATEMENTS, *roles):
            try:
                connection.execute(statement)
                done.add(statement)
            except psycopg.errors.InsufficientPrivilege:
                pass
            finally:
                connection.rollback()
    assert done == MAY[service] | {f"SET ROLE crosstie_{service}"}


@asynccontextmanager
async def running(doors: Locked) -> AsyncIterator[None]:
    """The three services, each as its own user in Kafka and in PostgreSQL."""
    services = {
        name: Supervised(name, doors.environment(name), doors.logs, None) for name in SERVICES
    }
    keeping = [asyncio.create_task(each.keep()) for each in services.values()]
    try:
        await all_ready(services, READY_SECONDS)
        yield
    finally:
        for each in keeping:
            each.cancel()
        await asyncio.gather(*(each.stop() for each in services.values()))


def three_people() -> list[dict[str, Any]]:
    """Amal knows Bo and Chris, who do not know one another."""
    people = {name: {"authority": PLATFORM, "id": name} for name in ("amal", "bo", "chris")}
    told: list[tuple[str, dict[str, Any]]] = []
    for person, (sector, level) in zip(
        people.values(), (("hospital", 5), ("hospital", 3), ("housing", 3)), strict=True
    ):
        told += [
            ("member.joined", {"member": person, "consent": True}),
            ("member.described", {"member": person, "sector": sector, "level": level}),
            ("availability.set", {"member": person, "introductions_per_week": 2}),
        ]
    for other in ("bo", "chris"):
        pair = [people["amal"], people[other]]
        told.append(("contact.made", {"members": pair, "channel": "met"}))
    return [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": f"/{PLATFORM}",
            "type": f"org.crosstie.{kind}.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": data,
        }
        for number, (kind, data) in enumerate(told)
    ]
