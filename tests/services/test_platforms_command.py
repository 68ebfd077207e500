"""`crosstie platforms` and `crosstie topics`, as an operator types them."""

from __future__ import annotations

import asyncio
import json

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from crosstie.errors import Rejected
from crosstie.runtime.admin import partitions_of
from tests.services.commands import Run
from tests.services.ingestion_world import SOURCE, World, client, eventually, ingestion, joined

HOUR_MS = 3_600_000

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


async def test_a_key_is_revoked_by_its_id_as_the_key_shows_it(world: World, crosstie: Run) -> None:
    id = world.key.split("_")[1]
    revoked = await crosstie("platforms", "keys", "revoke", f"ctk_{id}", "--json")
    assert (revoked.exit_code, json.loads(revoked.stdout)) == (0, {"revoked": id})
    left = await crosstie("platforms", "keys", "list", "members")
    assert (left.exit_code, left.stdout) == (0, "")
    assert left.stderr.startswith("no keys; add one")


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
        (("platforms", "keys", "list", "nobody"), "/name"),
        (("platforms", "keys", "revoke", "nothing"), "/key"),
        (("dlq", "show", "x/0/0"), "/letter"),
        (("dlq", "replay", "x/0/0"), "/letter"),
        (("dlq", "dismiss", "x/0/0"), "/letter"),
    ],
)
async def test_what_is_mistyped_is_said(
    crosstie: Run, arguments: tuple[str, ...], pointer: str
) -> None:
    found = await crosstie(*arguments)
    assert isinstance(found.exception, Rejected)
    assert found.exception.pointer == pointer
