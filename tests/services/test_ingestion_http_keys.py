"""Who may send what over HTTP, by key and by authority."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crosstie import api_keys
from tests.services.ingestion_world import (
    SOURCE,
    World,
    client,
    event,
    ingestion,
    joined,
    person,
)


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}]
)
async def test_without_a_right_key_nothing_is_read(world: World, header: dict[str, str]) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        del http.headers["authorization"]
        answer = await http.post("/v1/events", json=joined("ada"), headers=header)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_with_another_secret_and_a_revoked_key_are_refused(world: World) -> None:
    id = world.key.split("_")[1]
    async with ingestion(world.settings) as (service, _):
        async with client(service, f"ctk_{id}_{'0' * 64}") as http:
            assert (await http.post("/v1/events", json=joined("ada"))).status_code == 401
        await api_keys.revoke(world.connection, id)
        async with client(service, world.key) as http:
            assert (await http.post("/v1/events", json=joined("ada"))).status_code == 401


async def test_a_key_may_do_less_than_its_platform(world: World) -> None:
    async def status(**may: Any) -> int:
        allowed = api_keys.allowed(now=datetime.now(UTC), **may)
        key = await api_keys.add(world.connection, "members", allowed, b"")
        async with client(service, str(key)) as http:
            sent = [await http.post("/v1/events", json=joined(f"ada{n}")) for n in range(2)]
        return sent[-1].status_code

    async with ingestion(world.settings) as (service, _):
        assert await status() == 202
        assert await status(scopes=["read"]) == 403
        assert await status(sources=[SOURCE]) == 202
        assert await status(rate=0.001) == 429


async def test_a_key_never_speaks_for_a_source_it_was_not_given(world: World) -> None:
    await world.connection.execute(
        "UPDATE registry.platforms SET sources = sources || '{urn:other}' WHERE name = 'members'"
    )
    allowed = api_keys.allowed(sources=["urn:other"], now=datetime.now(UTC))
    key = await api_keys.add(world.connection, "members", allowed, b"")
    async with ingestion(world.settings) as (service, _), client(service, str(key)) as http:
        assert (await http.post("/v1/events", json=joined("ada"))).status_code == 403
        answer = await http.post("/v1/events", json=joined("ada", source="urn:other"))
    assert answer.status_code == 202


async def test_what_only_others_may_send_is_forbidden(world: World) -> None:
    strangers = [person("eve", "others"), person("mal", "others")]
    foreign = [
        joined("ada", source="https://other.example"),
        event("member.joined", {"member": strangers[0], "consent": True}),
        event("contact.made", {"members": strangers, "channel": "met"}),
        event("gathering.held", {"members": [*strangers, person("ada")]}),
        event("member.blocked", {"members": [strangers[0], person("ada")], "by": strangers[0]}),
    ]
    touching = event("contact.made", {"members": [person("ada"), strangers[0]], "channel": "met"})
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post("/v1/events", json=foreign)
        mixed = await http.post("/v1/events", json=[*foreign, touching])
    assert answer.status_code == 403
    assert [each["pointer"] for each in answer.json()["results"]] == [
        "/source",
        "/data/member/authority",
        "/data/members",
        "/data/members/1",
        "/data/by",
    ]
    assert mixed.status_code == 202
    assert mixed.json()["accepted"] == 1
