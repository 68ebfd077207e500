"""How a request's body is read: its type, its mode, its compression."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from crosstie.runtime.limits import MOST_BODY_BYTES
from tests.services.ingestion_world import (
    World,
    client,
    event,
    ingestion,
    joined,
    met,
    person,
)
from tests.unit.door.packed import PACK


async def test_ndjson_takes_each_line_for_itself(world: World) -> None:
    lines = b"\n".join([json.dumps(joined("ada")).encode(), b"{broken", b"\xff", b""])
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post(
            "/v1/events", content=lines, headers={"content-type": "application/x-ndjson"}
        )
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json", 202),
        ("application/cloudevents+json; charset=utf-8", 202),
        ("application/cloudevents-batch+json", 202),
        ("application/x-ndjson", 202),
        ("application/json; charset=latin1", 415),
        ("text/plain", 415),
        ("", 415),
    ],
)
async def test_the_content_type_says_how_to_read(world: World, media: str, status: int) -> None:
    body = json.dumps(joined("ada"))
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", content=body, headers={"content-type": media})
    assert answer.status_code == status


async def test_an_event_in_binary_mode_is_the_same_event(world: World) -> None:
    sent = joined("ada", id="naïve / 50%")
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        structured = await http.post("/v1/events", json=sent)
        binary = await http.post("/v1/events", json=sent["data"], headers=attributes(sent))
    assert (structured.status_code, binary.status_code) == (202, 202)
    assert binary.json() == structured.json()
    first, second = await world.records(world.settings.topics.events.name)
    assert (first.key, first.value, first.headers) == (second.key, second.value, second.headers)


async def test_what_is_wrong_in_binary_mode_is_said_of_the_event(world: World) -> None:
    bad = event("member.described", {"member": person("bob"), "level": 9})
    foreign = joined("eve", source="https://other.example")
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:

        async def post(sent: dict[str, Any], **more: str) -> tuple[int, Any]:
            headers = attributes(sent) | more
            answer = await http.post("/v1/events", json=sent["data"], headers=headers)
            return answer.status_code, answer.json()

        status, told = await post(bad)
        assert (status, told["results"][0]["pointer"]) == (422, "/data/level")
        assert told["results"][0]["id"] == bad["id"]
        assert (await post(foreign))[0] == 403
        status, told = await post(joined("ada"), **{"ce-id": "%FF"})
        assert (status, told["results"][0]["pointer"]) == (422, "/id")
        for media in ("application/x-ndjson", "text/plain"):
            status, told = await post(joined("ada"), **{"content-type": media})
            assert status == 415
            assert "with ce- headers the body is application/json" in told["detail"]
    assert not await world.events()


async def test_structured_mode_wins_over_attribute_headers(world: World) -> None:
    headers = {"content-type": "application/cloudevents+json"} | attributes(joined("bob"))
    sent = json.dumps(joined("ada"))
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", content=sent, headers=headers)
    assert answer.status_code == 202
    assert await world.subject("bob") is None


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_compressed_body_is_what_it_was(world: World, encoding: str) -> None:
    packed = PACK[encoding](json.dumps([joined("ada"), met("ada", "bob")]).encode())
    bomb = PACK[encoding](b" " * (MOST_BODY_BYTES + 1))
    assert len(bomb) < 2_000
    headers = {"content-type": "application/json", "content-encoding": encoding}
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:

        async def status(body: bytes) -> tuple[int, str]:
            answer = await http.post("/v1/events", content=body, headers=headers)
            return answer.status_code, str(answer.json().get("detail"))

        assert await status(packed) == (202, "None")
        assert (await status(packed[:-1]))[0] == 400
        assert (await status(b"[]"))[0] == 400
        refused, why = await status(bomb)
    assert refused == 413
    assert f"at most {MOST_BODY_BYTES} bytes once opened" in why
    assert len(await world.events()) == 2


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate", "x" * 300])
async def test_other_compression_is_not_taken(world: World, encoding: str) -> None:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", content=b"", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, zstd"
    assert len(answer.content) < 200


def attributes(sent: dict[str, Any]) -> dict[str, str]:
    """What a client in binary mode puts into headers."""
    return {f"ce-{name}": quote(value) for name, value in sent.items() if name != "data"}
