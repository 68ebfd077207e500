"""`crosstie platforms` and `crosstie dlq`, as an operator types them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from typer.testing import CliRunner, Result

from crosstie.cli import app
from crosstie.errors import Rejected
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.group_offsets import committed
from crosstie.runtime.stack import Stack
from crosstie.settings import Settings
from tests.services.ingestion_world import SOURCE, World, client, eventually, ingestion, joined
from tests.services.ingestion_world import world as made

Run = Callable[..., Any]
HOUR_MS = 3_600_000


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with made(stack.bootstrap, database, topic_prefix) as world:
        yield world


@pytest.fixture
def crosstie(world: World) -> Run:
    environment = {
        "CROSSTIE_KAFKA_BOOTSTRAP": world.settings.kafka_bootstrap,
        "CROSSTIE_DATABASE_URL": world.settings.database_url.get_secret_value(),
        "CROSSTIE_TOPIC_PREFIX": world.settings.topic_prefix,
    }

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=environment)

    async def in_a_thread(*arguments: str) -> Result:
        return await asyncio.to_thread(run, *arguments)

    return in_a_thread


ADD = (
    "platforms", "add", "learning", "--source", "https://learn.example", "--source", "urn:learn",
    "--authority", "learners",
)  # fmt: skip


async def test_topics_of_an_earlier_version_get_what_they_lack_and_keep_what_was_set(
    world: World, crosstie: Run
) -> None:
    inbox = ConfigResource(ResourceType.TOPIC, world.settings.topics.inbox("members").name)
    admin = AdminClient({"bootstrap.servers": world.settings.kafka_bootstrap})

    def alter(*entries: ConfigEntry) -> None:
        changed = ConfigResource(ResourceType.TOPIC, inbox.name, incremental_configs=list(entries))
        admin.incremental_alter_configs([changed])[changed].result()

    def now(*names: str) -> list[str]:
        found = admin.describe_configs([inbox])[inbox].result()
        return [found[each].value for each in names]

    await eventually(lambda: inbox.name in partitions_of(world.settings.brokers))
    lacked = ("compression.type", "message.timestamp.type", "segment.ms")
    lost = [
        ConfigEntry(each, None, incremental_operation=AlterConfigOpType.DELETE) for each in lacked
    ]
    longer = ConfigEntry("retention.ms", "999", incremental_operation=AlterConfigOpType.SET)
    await asyncio.to_thread(alter, *lost, longer)
    before = ["producer", "CreateTime", str(7 * 24 * HOUR_MS), "999"]
    await eventually(lambda: now(*lacked, "retention.ms") == before)
    answer = await crosstie("topics", "create")
    assert answer.exit_code == 0, answer.output
    (told,) = answer.stderr.splitlines()
    assert told.split()[0] == inbox.name
    given = {"compression.type=uncompressed", "message.timestamp.type=LogAppendTime"}
    assert set(told.split()[1:]) == given | {f"segment.ms={23 * HOUR_MS}"}
    after = ["uncompressed", "LogAppendTime", str(23 * HOUR_MS), "999"]
    await eventually(lambda: now(*lacked, "retention.ms") == after)
    assert not (await crosstie("topics", "create")).stderr


async def test_a_platform_is_added_with_topics_and_a_key_that_works(
    world: World, crosstie: Run
) -> None:
    added = json.loads((await crosstie(*ADD, "--json")).stdout)
    topics = world.settings.topics
    made = {topics.inbox("learning").name, topics.suggestions("learning").name}
    assert {added["inbox"], added["suggestions"]} == made
    # a broker hears of new topics a moment after the controller has made them
    await eventually(lambda: made <= partitions_of(world.settings.brokers).keys())
    sent = joined("ada", source="urn:learn")
    sent["data"]["member"]["authority"] = "learners"
    async with ingestion(world.settings) as (service, _), client(service, added["key"]) as http:
        assert (await http.post("/v1/events", json=sent)).status_code == 202


async def test_a_kafka_without_an_authorizer_takes_no_rules_and_says_so(crosstie: Run) -> None:
    answer = await crosstie("topics", "acls", "--create")
    assert "this Kafka has no authorizer, everybody may do everything" in str(answer.exception)
    listed = json.loads((await crosstie("topics", "acls", "learning", "--json")).stdout)
    assert any(rule["user"].endswith(".platform.learning") for rule in listed)


async def test_the_list_shows_no_secret(world: World, crosstie: Run) -> None:
    key = json.loads((await crosstie(*ADD, "--json")).stdout)["key"]
    listed = await crosstie("platforms", "list", "--json")
    assert key not in listed.stdout
    (learning, members) = json.loads(listed.stdout)
    assert (learning["name"], members["name"]) == ("learning", "members")
    assert learning["sources"] == ["https://learn.example", "urn:learn"]
    assert learning["keys"] == [key.split("_")[1]]
    assert "learners" in (await crosstie("platforms", "list")).stdout


async def test_keys_are_given_and_revoked(world: World, crosstie: Run) -> None:
    keys = ("platforms", "keys")
    second = json.loads((await crosstie(*keys, "add", "members", "--json")).stdout)["key"]
    revoked = await crosstie(*keys, "revoke", world.key.split("_")[1])
    assert revoked.exit_code == 0
    (left,) = json.loads((await crosstie(*keys, "list", "--json")).stdout)
    assert left["id"] == second.split("_")[1]
    assert (left["scopes"], left["expired"]) == (["read", "write"], False)
    assert second not in (await crosstie(*keys, "list", "members")).stdout
    async with ingestion(world.settings) as (service, _):
        for key, status in ((world.key, 401), (second, 202)):
            async with client(service, key) as http:
                assert (await http.post("/v1/events", json=joined("ada"))).status_code == status


@pytest.mark.parametrize(
    ("arguments", "pointer"),
    [
        (("platforms", "add", "members", "--source", "x", "--authority", "y"), "/name"),
        (("platforms", "add", "No Name", "--source", "x", "--authority", "y"), "/name"),
        (("platforms", "add", "new", "--source", "a b", "--authority", "y"), "/sources"),
        (("platforms", "add", "new", "--source", "x", "--authority", "Y"), "/authorities"),
        (("platforms", "add", "new", "--source", SOURCE, "--authority", "y"), "/sources"),
        (("platforms", "keys", "add", "nobody"), "/name"),
        (("platforms", "keys", "add", "members", "--source", "urn:theirs"), "/source"),
        (("platforms", "keys", "add", "members", "--scope", "erase"), "/scope"),
        (("platforms", "keys", "add", "members", "--days", "0"), "/expires"),
        (("platforms", "keys", "add", "members", "--rate", "-1"), "/rate"),
        (("platforms", "keys", "add", "members", "--label", "x" * 81), "/label"),
        (("platforms", "keys", "revoke", "nothing"), "/key"),
        (("dlq", "show", "x/0/0"), "/letter"),
        (("dlq", "replay", "x/0/0"), "/letter"),
    ],
)
async def test_what_is_mistyped_is_said(
    crosstie: Run, arguments: tuple[str, ...], pointer: str
) -> None:
    found = await crosstie(*arguments)
    assert isinstance(found.exception, Rejected)
    assert found.exception.pointer == pointer


async def test_dead_letters_are_listed_shown_and_replayed(world: World, crosstie: Run) -> None:
    inbox = world.settings.topics.inbox("members").name
    wrong = json.dumps(joined("ada", source="urn:later")).encode()
    async with ingestion(world.settings), world.producer() as producer:
        await producer.send_and_wait(inbox, wrong, b"k")
        (letter,) = await eventually(world.letters)
    (listed,) = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert (listed["letter"], listed["pointer"]) == (letter.name, "/source")
    assert "/source is" in (await crosstie("dlq", "list", "--platform", "members")).stdout
    assert json.loads((await crosstie("dlq", "list", "--platform", "x", "--json")).stdout) == []
    shown = json.loads((await crosstie("dlq", "show", letter.name)).stdout)
    assert shown["original"] == {"key": "k", "headers": [], "value": wrong.decode()}

    await world.connection.execute("UPDATE registry.platforms SET sources = '{urn:later}'")
    replayed = json.loads((await crosstie("dlq", "replay", "--all", "--json")).stdout)
    assert replayed == {"replayed": 1, "passed_over": 0, "left": []}
    async with ingestion(world.settings):
        await eventually(world.events)
    (listed,) = json.loads((await crosstie("dlq", "list", "--json")).stdout)
    assert listed["state"] == "replayed"
    assert json.loads((await crosstie("dlq", "list", "--open", "--json")).stdout) == []


async def test_letters_that_stay_wrong_do_not_multiply(world: World, crosstie: Run) -> None:
    inbox = world.settings.topics.inbox("members").name
    wrong = 50

    async def listed() -> Counter[str]:
        found = json.loads((await crosstie("dlq", "list", "--json")).stdout)
        return Counter(each["state"] for each in found)

    async def replayed(*which: str) -> tuple[int, int]:
        answer = await crosstie("dlq", "replay", *which, "--json")
        told = json.loads(answer.stdout)
        assert (answer.exit_code, told["left"]) == (0, [])
        return told["replayed"], told["passed_over"]

    async with ingestion(world.settings):
        async with world.producer() as producer:
            for n in range(wrong):
                await producer.send(inbox, f"wrong {n}".encode(), headers=[("h", b"v")])
        await eventually(lambda: _refused(world, wrong))
        assert await listed() == {"open": wrong}

        assert await replayed("--all") == (wrong, 0)
        await eventually(lambda: _refused(world, 2 * wrong))
        assert await listed() == {"open": wrong, "refused again": wrong}

        assert await replayed("--all") == (wrong, wrong)
        await eventually(lambda: _refused(world, 3 * wrong))
        assert await listed() == {"open": wrong, "refused again": 2 * wrong}

    assert await replayed("--all") == (wrong, 2 * wrong)  # and nobody has read them yet
    assert await replayed("--all") == (0, 3 * wrong)
    letter = (await world.letters())[0]
    assert await replayed(letter.name) == (1, 0)
    assert f"{letter.name}  {letter.at}  refused again as" in (await crosstie("dlq", "list")).stdout


async def _refused(world: World, count: int) -> bool:
    return len(await world.letters()) == count


async def test_what_was_too_big_for_a_letter_is_replayed_from_the_inbox(
    world: World, crosstie: Run
) -> None:
    inbox = world.settings.topics.inbox("members").name
    await asyncio.to_thread(_measure_packed, world.settings.kafka_bootstrap, inbox)
    huge = b" " * 5_000_000  # compressed, it fits where it would not
    producer_of = world.producer(compression_type="zstd", max_request_size=8_000_000)
    async with ingestion(world.settings), producer_of as producer:
        await producer.send_and_wait(inbox, huge, b"k", headers=[("h", b"v")])
        (letter,) = await eventually(world.letters)
    assert letter.omitted > 5_000_000
    assert (await crosstie("dlq", "replay", letter.name)).exit_code == 0
    records = await world.records(inbox)
    assert [(each.key, each.value, each.headers[:1]) for each in records] == [
        (b"k", huge, (("h", b"v"),))
    ] * 2


def _measure_packed(bootstrap: str, topic: str) -> None:
    """An inbox as it was made before the broker unpacked what it is sent, or by other hands."""
    entry = ConfigEntry("compression.type", "producer", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for altered in admin.incremental_alter_configs([resource]).values():
        altered.result()


@pytest.mark.parametrize(
    "command", [("send", "EVENTS"), ("simulate", "--members", "50", "--days", "1", "--send")]
)
async def test_a_platform_that_does_not_exist_is_said_and_nothing_sent(
    crosstie: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "events").write_text(json.dumps(joined("ada")))
    arguments = [each.replace("EVENTS", str(tmp_path / "events")) for each in command]
    done = await crosstie(*arguments, "--platform", "nosuch", "--json")
    assert done.exit_code == 1
    assert "no platform nosuch" in done.stderr
    assert json.loads(done.stdout)["sent"] == 0


async def test_what_precedes_a_line_that_cannot_be_read_is_sent_and_counted(
    crosstie: Run, tmp_path: Path
) -> None:
    (tmp_path / "events").write_text(f"{json.dumps(joined('ada'))}\n{{oops\n")
    sent = await crosstie("send", str(tmp_path / "events"), "--platform", "members", "--json")
    assert sent.exit_code == 1
    told = json.loads(sent.stdout)
    assert told["sent"] == 1
    assert told["error"].startswith("line 2 is not JSON")
    assert "1 events sent before it" in sent.stderr


async def test_a_simulation_through_the_inbox_leaves_no_dead_letter(
    world: World, crosstie: Run
) -> None:
    await world.connection.execute(
        "UPDATE registry.platforms SET sources = '{/simulated}', authorities = '{made}'"
    )
    arguments = ("--members", "50", "--source", "/simulated", "--authority", "made")
    async with ingestion(world.settings):
        sent = await crosstie("simulate", *arguments, "--send", "--platform", "members")
        assert sent.exit_code == 0
        assert "dlq list" in sent.stdout
        await eventually(lambda: read_to_the_end(world.settings))
    assert (await crosstie("dlq", "list")).stdout == ""


async def read_to_the_end(settings: Settings) -> bool:
    """Whether ingestion has taken in, or refused, everything on the platform's inbox."""
    inbox = settings.topics.inbox("members").name
    read = await committed(settings.brokers, f"{settings.topic_prefix}ingestion", inbox)
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka_bootstrap) as consumer:
        ends = await consumer.end_offsets([TopicPartition(inbox, each) for each in read])
    return read == {each.partition: end for each, end in ends.items()}
