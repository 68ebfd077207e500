"""The HTTP door: what is accepted stands in the log, what is not is answered, event by event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from crosstie import api_keys
from crosstie.runtime.limits import MOST_BODY_BYTES
from crosstie.runtime.stack import Stack
from services.ingestion.app import build
from services.ingestion.door import judged
from services.ingestion.intake import Intake
from tests.services.ingestion_world import (
    SOURCE,
    World,
    client,
    event,
    eventually,
    ids,
    ingestion,
    joined,
    met,
    person,
    proxy,
    settings_for,
)
from tests.services.ingestion_world import world as made
from tests.unit.door.packed import PACK


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


async def test_ndjson_takes_each_line_for_itself(world: World) -> None:
    lines = b"\n".join([json.dumps(joined("ada")).encode(), b"{broken", b"\xff", b""])
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answer = await http.post(
            "/v1/events", content=lines, headers={"content-type": "application/x-ndjson"}
        )
    assert answer.status_code == 202
    assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 2)


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


async def test_who_calls_too_often_is_told_when_to_come_back(
    stack: Stack, database: str, topic_prefix: str
) -> None:
    async with (
        made(stack.bootstrap, database, topic_prefix, requests_per_second=0.5) as world,
        ingestion(world.settings) as (service, _),
        client(service, world.key) as http,
    ):
        assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
        answer = await http.post("/v1/events", json=joined("ada"))
        spelled = {"Authorization": f"bEARER   {world.key}"}
        again = await http.post("/v1/events", json=joined("ada"), headers=spelled)
    assert answer.status_code == again.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 2


async def test_what_is_more_than_there_is_room_for_is_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingestion.intake.MOST_IN_HAND", 5_000)
    crowd = event("gathering.held", {"members": [person(f"p{n}") for n in range(100)]})
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        answers = await asyncio.gather(*(http.post("/v1/events", json=crowd) for _ in range(5)))
        later = await http.post("/v1/events", json=crowd)
    assert {each.status_code for each in answers} == {202, 429}
    away = next(each for each in answers if each.status_code == 429)
    assert int(away.headers["retry-after"]) > 0
    assert later.status_code == 202


@pytest.mark.parametrize(("away", "status"), [(None, 429), ("kafka", 503), ("postgresql", 503)])
async def test_whoever_waits_too_long_for_its_turn_is_turned_away_unread(
    world: World, monkeypatch: pytest.MonkeyPatch, away: str | None, status: int
) -> None:
    monkeypatch.setattr("services.ingestion.http.MOST_BYTES_AT_WORK", 1)  # one at a time
    monkeypatch.setattr("services.ingestion.http.TURN_SECONDS", 0.05)
    taking, go = asyncio.Event(), asyncio.Event()
    take = Intake.take

    async def held(self: Intake, arrivals: Any) -> Any:
        taking.set()
        await go.wait()
        return await take(self, arrivals)

    monkeypatch.setattr(Intake, "take", held)
    async with (
        ingestion(world.settings) as (service, running),
        client(service, world.key) as http,
    ):
        first = asyncio.create_task(http.post("/v1/events", json=joined("ada")))
        await taking.wait()
        if away is not None:
            running.unready[away] = "says nothing"
        unreadable: dict[str, Any] = {
            "content": b"no JSON",
            "headers": {"content-type": "application/json"},
        }
        turned_away = await http.post("/v1/events", **unreadable)
        assert turned_away.status_code == status, turned_away.text
        assert int(turned_away.headers["retry-after"]) > 0
        go.set()
        assert (await first).status_code == 202
        assert (await http.post("/v1/events", **unreadable)).status_code == 422


async def test_no_two_requests_are_read_in_one_turn_of_the_event_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, read, now = asyncio.get_running_loop(), list[int](), 0
    ticking: asyncio.Handle

    def turn() -> None:
        nonlocal now, ticking
        now += 1
        ticking = loop.call_soon(turn)

    def noted(*given: Any) -> Any:
        read.append(now)
        return judged(*given)

    monkeypatch.setattr("services.ingestion.http.judged", noted)
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        ticking = loop.call_soon(turn)
        await asyncio.gather(*(http.post("/v1/events", json=joined(f"p{n}")) for n in range(20)))
        ticking.cancel()
    assert len(set(read)) == len(read) == 20


async def test_what_is_in_hand_when_it_stops_is_stored_and_answered(world: World) -> None:
    crowd = event("gathering.held", {"members": [person(f"p{n}") for n in range(200)]})
    async with ingestion(world.settings) as (service, running), client(service, world.key) as http:
        sending = asyncio.create_task(http.post("/v1/events", json=crowd))
        await eventually(lambda: _begun(world))
        running.stop.set()
        assert (await sending).status_code == 202
    assert len(await world.events()) == 19_900


async def test_while_postgresql_only_reads_callers_are_told_to_retry(world: World) -> None:
    named = await world.connection.fetchval("SELECT current_database()")
    others = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'crosstie-ingestion'"
    )
    read_only = f"ALTER DATABASE {named} SET default_transaction_read_only = "
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
        await world.connection.execute(read_only + "on")
        await world.connection.execute(others)
        answer = await eventually(lambda: _other_than_202(http))
        await world.connection.execute(read_only + "off")
        await eventually(lambda: _accepted(http))
    assert answer == 503


async def test_before_kafka_and_postgresql_are_there_callers_are_told_to_retry(
    world: World,
) -> None:
    async with client(build(world.settings), world.key) as http:
        answer = await http.post("/v1/events", json=joined("ada"))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_while_postgresql_is_away_the_known_go_on(
    stack: Stack, database: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crosstie.vault.CACHED_SECONDS", 0.0)  # and longer than a minute
    async with made(stack.bootstrap, database, topic_prefix) as world, proxy(database) as through:
        settings = settings_for(stack.bootstrap, through.url, topic_prefix)
        async with ingestion(settings) as (service, _), client(service, world.key) as http:
            assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
            await through.cut()
            known = await http.post("/v1/events", json=joined("ada"))
            unknown = await http.post("/v1/events", json=joined("bob"))
            await through.mend()
            again = await http.post("/v1/events", json=joined("bob"))
    assert (known.status_code, unknown.status_code, again.status_code) == (202, 503, 202)
    assert int(unknown.headers["retry-after"]) > 0


def attributes(sent: dict[str, Any]) -> dict[str, str]:
    """What a client in binary mode puts into headers."""
    return {f"ce-{name}": quote(value) for name, value in sent.items() if name != "data"}


async def _begun(world: World) -> bool:
    return bool(await world.records(world.settings.topics.events.name))


async def _other_than_202(http: httpx.AsyncClient) -> int | None:
    answer = await http.post("/v1/events", json=joined(f"new{next(ids)}"))
    return answer.status_code if answer.status_code != 202 else None


async def _accepted(http: httpx.AsyncClient) -> bool:
    return (await http.post("/v1/events", json=joined(f"new{next(ids)}"))).status_code == 202
