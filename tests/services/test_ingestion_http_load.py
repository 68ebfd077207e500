"""The HTTP door when there is too much, or when Kafka or PostgreSQL is away."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from crosstie.runtime.stack import Stack
from services.ingestion.app import build
from services.ingestion.door import judged
from services.ingestion.intake import Intake
from tests.services.ingestion_world import (
    World,
    client,
    event,
    eventually,
    ids,
    ingestion,
    joined,
    person,
    proxy,
    settings_for,
)
from tests.services.ingestion_world import world as made


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


async def _begun(world: World) -> bool:
    return bool(await world.records(world.settings.topics.events.name))


async def _other_than_202(http: httpx.AsyncClient) -> int | None:
    answer = await http.post("/v1/events", json=joined(f"new{next(ids)}"))
    return answer.status_code if answer.status_code != 202 else None


async def _accepted(http: httpx.AsyncClient) -> bool:
    return (await http.post("/v1/events", json=joined(f"new{next(ids)}"))).status_code == 202
