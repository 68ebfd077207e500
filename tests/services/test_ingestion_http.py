"""The HTTP door: what is accepted stands in the log, what is not is answered, event by event."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from crosstie.runtime.stack import Stack
from tests.services.ingestion_world import World, client, event, ingestion, joined, met, person
from tests.services.ingestion_world import world as made


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with made(stack.bootstrap, database, topic_prefix) as world:
        yield world


async def test_an_accepted_event_stands_in_the_log_about_a_subject(world: World) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        sent = joined("ada")
        answer = await http.post("/v1/events", json=sent)
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "rejected": 0,
        "results": [{"index": 0, "id": sent["id"], "status": "accepted"}],
    }
    (logged,) = await world.events()
    assert logged.key == f"member/{await world.subject('ada')}"
    assert (logged.source, logged.id, logged.type) == (sent["source"], sent["id"], sent["type"])
    assert logged.data.consent is True


async def test_one_bad_event_does_not_stop_its_neighbours(world: World) -> None:
    bad = event("member.described", {"member": person("bob"), "level": 9})
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", json=[joined("ada"), bad, met("ada", "bob")])
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["results"]] == [
        "accepted",
        "rejected",
        "accepted",
    ]
    refused = answer.json()["results"][1]
    assert refused["pointer"] == "/data/level"
    assert refused["value"] == "9"
    assert refused["limit"] == "less than or equal to 7"
    assert len(await world.events()) == 2


async def test_a_retry_is_the_same_bytes(world: World) -> None:
    sent = [joined("ada"), met("ada", "bob")]
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        for _ in range(2):
            assert (await http.post("/v1/events", json=sent)).status_code == 202
    records = await world.records(world.settings.topics.events.name)
    assert len(records) == 4
    assert len({(each.key, each.value, each.headers, each.partition) for each in records}) == 2


async def test_ndjson_takes_each_line_for_itself(world: World) -> None:
    lines = b"\n".join([json.dumps(joined("ada")).encode(), b"{broken", b"\xff", b""])
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post(
            "/v1/events", content=lines, headers={"content-type": "application/x-ndjson"}
        )
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)
