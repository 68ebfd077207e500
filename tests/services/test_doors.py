"""Locked doors: TLS and users everywhere, and each user is refused what is not theirs.

An embedded Kafka with SASL_SSL and an authorizer, a PostgreSQL that takes nobody without TLS,
certificates of an authority that this test makes.
"""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import KafkaError, KafkaException, Producer
from sqlalchemy import make_url

from crosstie.access import of_platform
from crosstie.brokers import Brokers, Login
from crosstie.client.inbox import inbox
from crosstie.client.outcome import suggestions
from crosstie.errors import BrokerAway, DatabaseAway, Misconfigured
from crosstie.runtime import reachable
from crosstie.runtime.acls import allow
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.database import pool
from crosstie.runtime.group_offsets import committed
from crosstie.runtime.kafka import topics_exist
from crosstie.runtime.service import Running
from crosstie.runtime.supervised import Supervised, all_ready
from crosstie.runtime.supervisor import READY_SECONDS
from crosstie.settings import Settings
from crosstie.topics import Topics
from tests.services.doors_world import PLATFORM, PROBED, SERVED, SERVICES, Locked, locked
from tests.services.ingestion_world import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.slow]
PATIENCE_SECONDS = 120
INTRUDER = "a-canary-of-a-wrong-password"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    with locked(tmp_path_factory.mktemp("doors")) as made:
        yield made


# --- what works ---


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


# --- what each user may do in Kafka, and nothing else ---

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


# --- what each role may do in PostgreSQL ---

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


# --- who is not let in, and what is said then ---


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            "ca_file",
            "its certificate is not trusted (unable to get local issuer certificate): CROSS",
        ),
        ("password", "it refuses user 'operator' with SCRAM-SHA-512: is the password right"),
        ("plain", "CROSSTIE_KAFKA_SECURITY_PROTOCOL is PLAINTEXT; does it expect TLS?"),
        ("nobody", "CROSSTIE_KAFKA_SECURITY_PROTOCOL is SSL; does it expect a user?"),
    ],
)
async def test_why_kafka_lets_a_command_not_in(change: str, words: str, doors: Locked) -> None:
    right = doors.brokers("operator")
    wrong = {
        "ca_file": dataclasses.replace(right, ca_file=doors.stranger.file),
        "password": dataclasses.replace(right, login=Login("operator", INTRUDER)),
        "plain": Brokers(right.bootstrap),
        "nobody": dataclasses.replace(right, protocol="SSL", login=None),
    }[change]
    assert await reachable.kafka(right)
    with pytest.raises(BrokerAway) as refused:
        await reachable.kafka(wrong)
    assert words in str(refused.value)
    assert INTRUDER not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("sslrootcert", "its certificate is not trusted (unable to get local issuer certificate)"),
        ("host", "not valid for 'localhost'"),
        (
            "password",
            'password authentication failed for user "login_profile": see login, password',
        ),
        ("sslmode", "no encryption: see login, password and sslmode in CROSSTIE_DATABASE_URL"),
    ],
)
async def test_why_postgresql_lets_a_command_not_in(change: str, words: str, doors: Locked) -> None:
    right = make_url(doors.logins["profile"])
    wrong = {
        "sslrootcert": right.update_query_dict({"sslrootcert": str(doors.stranger.file)}),
        "host": right.set(host="localhost"),
        "password": right.set(password=INTRUDER),
        "sslmode": right.set(query={"sslmode": "disable"}),
    }[change]
    await reachable.postgres(doors.logins["profile"])
    with pytest.raises(Misconfigured) as refused:
        await reachable.postgres(wrong.render_as_string(hide_password=False))
    assert words in str(refused.value)
    assert INTRUDER not in str(refused.value)


async def test_a_login_that_may_not_take_the_role_is_told_what_to_grant(doors: Locked) -> None:
    settings = settings_of(doors, {"CROSSTIE_DATABASE_URL": doors.logins["matching"]})
    words = "`GRANT crosstie_profile TO` the login of CROSSTIE_DATABASE_URL"
    with pytest.raises(DatabaseAway, match=words):
        await pool(settings, "profile", stopping())


async def test_a_user_without_rules_is_told_which_command_makes_them(doors: Locked) -> None:
    settings = settings_of(doors, doors.doors.settings("probe.profile"))
    words = r"may not see crosstie\.events\.v1: .*`crosstie topics acls --create`"
    with pytest.raises(BrokerAway, match=words):
        await topics_exist(settings, [SERVED.events], stopping())


async def test_a_service_that_is_not_let_in_goes_on_knocking_and_says_why(doors: Locked) -> None:
    database = make_url(doors.logins["profile"]).set(password=INTRUDER)
    wrong = {
        "CROSSTIE_KAFKA_SASL_PASSWORD": INTRUDER,
        "CROSSTIE_DATABASE_URL": database.render_as_string(hide_password=False),
    }
    logs = doors.logs / "refused"
    logs.mkdir()
    service = Supervised("profile", doors.environment("profile") | wrong, logs, None)
    keeping = asyncio.create_task(service.keep())
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            reasons = await unready(client, f"{service.url}/health/ready")
            assert (await client.get(f"{service.url}/health/live")).is_success
        log = logs / "profile.log"
        await eventually(lambda: log.read_text().count("retrying") > 2)
        assert service.starts == 1
    finally:
        keeping.cancel()
        await service.stop()
    assert "refuses user 'crosstie.profile'" in reasons["kafka"]
    assert "password authentication failed" in reasons["postgresql"]
    assert INTRUDER not in log.read_text()


def test_a_service_with_settings_that_cannot_work_ends_with_what_to_mend(doors: Locked) -> None:
    wrong = {"CROSSTIE_KAFKA_CA_FILE": "/nowhere/ca.crt"}
    done = subprocess.run(
        [sys.executable, "-m", "services.ingestion"],
        env={"PATH": "/usr/bin:/bin"} | doors.environment("ingestion") | wrong,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 2
    assert "CROSSTIE_KAFKA_CA_FILE is '/nowhere/ca.crt', which cannot be used" in done.stderr
    assert doors.doors.users["crosstie.ingestion"] not in done.stderr


def settings_of(doors: Locked, other: Mapping[str, str]) -> Settings:
    """Those of profile, but for what is other."""
    given = doors.environment("profile") | dict(other)
    return Settings.model_validate(
        {name.removeprefix("CROSSTIE_").lower(): value for name, value in given.items()}
    )


def stopping() -> Running:
    """Who waits no longer: the first refusal is raised, where a service would knock for ever."""
    told = Running()
    told.stop.set()
    return told


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


async def unready(client: httpx.AsyncClient, url: str) -> dict[str, str]:
    """The reasons, once both Kafka and PostgreSQL are among them."""
    reasons: dict[str, str] = {}

    async def both() -> bool:
        nonlocal reasons
        try:
            reasons = (await client.get(url)).json()["reasons"]
        except httpx.HTTPError:
            return False
        return {"kafka", "postgresql"} <= reasons.keys()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await both():  # noqa: ASYNC110  another process raises no event
            await asyncio.sleep(0.2)
    return reasons


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
