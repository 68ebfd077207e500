"""The HTTP door: what is accepted stands in the log, what is not is answered, event by event."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.services.ingestion_world import (
    World,
    client,
    event,
    ingestion,
    joined,
    met,
    person,
)


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
    bad = event("member.described", {"member": person("bob"), "level": 9, "role": 7})
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", json=[joined("ada"), bad, met("ada", "bob")])
    assert answer.status_code == 202
    assert [each["status"] for each in answer.json()["results"]] == [
        "accepted",
        "rejected",
        "accepted",
    ]
    refused = answer.json()["results"][1]
    told = {
        each["pointer"]: (each["value"], each["limit"]) for each in (refused, *refused["others"])
    }
    assert told == {
        "/data/level": ("9", "less than or equal to 7"),
        "/data/role": ("7", "a valid string"),
    }
    assert len(await world.events()) == 2


async def test_a_request_without_events_says_so(world: World) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", json=[])
    assert answer.status_code == 422
    (refused,) = answer.json()["results"]
    assert (refused["value"], refused["limit"]) == ('"no events"', "1 to 1,000 events")


async def test_a_retry_is_the_same_bytes(world: World) -> None:
    sent = [joined("ada"), met("ada", "bob")]
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        for _ in range(2):
            assert (await http.post("/v1/events", json=sent)).status_code == 202
    records = await world.records(world.settings.topics.events.name)
    assert len(records) == 4
    assert len({(each.key, each.value, each.headers, each.partition) for each in records}) == 2


async def test_too_much_at_once_is_refused_as_a_whole(world: World) -> None:
    crowd = [person(f"p{n}") for n in range(200)]
    gathering = event("gathering.held", {"members": crowd})
    endless = json.dumps(joined("x" * 1024 * 1024)).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 512 * 1024

    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        media = {"content-type": "application/json"}
        for answer in (
            await http.post("/v1/events", content=endless, headers=media),
            await http.post("/v1/events", content=chunks(), headers=media),
            await http.post("/v1/events", json=[joined("ada")] * 1001),
            await http.post("/v1/events", json=[gathering, joined("ada"), *[gathering] * 100]),
        ):
            assert answer.status_code == 413
            assert "at most" in answer.json()["detail"] or "over" in answer.json()["detail"]
    assert not await world.events()


async def test_a_gathering_becomes_every_pair_once(world: World) -> None:
    crowd = [person(f"p{n}") for n in range(200)]
    gathering = event("gathering.held", {"members": crowd})
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", json=gathering)
    assert answer.status_code == 202
    events = await world.events()
    assert len({each.id for each in events}) == len(events) == 19_900
    assert {each.type for each in events} == {"org.crosstie.contact.made.v1"}
    assert {each.data.weight for each in events} == {1 / 199}
    first = events[0]
    assert first.id == "/".join([gathering["id"], *first.data.members])
    assert first.data.members[0] < first.data.members[1]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'"x"', b"{", b"[{]", b"\xff"])
async def test_when_nothing_is_accepted_the_answer_is_422(world: World, body: bytes) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        media = {"content-type": "application/json"}
        answer = await http.post("/v1/events", content=body, headers=media)
    assert answer.status_code == 422
    assert answer.json()["accepted"] == 0
