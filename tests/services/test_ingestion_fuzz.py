"""10,000 wrong inputs at each door: each is answered or dead-lettered, and neighbours get through."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator

import pytest

from crosstie.runtime.stack import Stack
from tests.services.ingestion_world import World, client, eventually, ingestion, joined
from tests.services.ingestion_world import world as made
from tests.services.wrong_events import garbage, wrong

WRONG = 10_000
EACH = 250


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str) -> AsyncIterator[World]:
    async with made(stack.bootstrap, database, topic_prefix, requests_per_second=1e6) as world:
        yield world


@pytest.mark.slow
async def test_ten_thousand_wrong_events_over_http_are_each_answered(world: World) -> None:
    rng = random.Random(20260105)
    good = 0
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        for request in range(WRONG // EACH):
            events = [wrong(rng) for _ in range(EACH)]
            events.insert(rng.randrange(EACH), json.dumps(joined(f"g{request}")).encode())
            good += 1
            if request % 2:
                body, media = b"[" + b",".join(events) + b"]", "application/json"
            else:
                body, media = b"\n".join(events), "application/x-ndjson"
            answer = await http.post("/v1/events", content=body, headers={"content-type": media})
            assert answer.status_code == 202, answer.text
            told = answer.json()
            accepted = [r["index"] for r in told["results"] if r["status"] == "accepted"]
            unexpected = [
                events[each]
                for each in accepted
                if b"org.crosstie.member.joined.v1" not in events[each]
            ]
            assert (told["accepted"], told["rejected"]) == (1, EACH), unexpected
            refused = [each for each in told["results"] if each["status"] == "rejected"]
            assert all(each["limit"] and each["remedy"] for each in refused)
    assert len(await world.events()) == good


@pytest.mark.slow
async def test_a_thousand_bodies_of_garbage_are_each_answered(world: World) -> None:
    rng = random.Random(7)
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        for _ in range(1_000):
            media = rng.choice(["application/json", "application/x-ndjson"])
            headers = {"content-type": media}
            answer = await http.post("/v1/events", content=garbage(rng), headers=headers)
            assert answer.status_code in (413, 422), answer.text
        assert (await http.post("/v1/events", json=joined("ada"))).status_code == 202
    assert len(await world.events()) == 1


@pytest.mark.slow
async def test_ten_thousand_wrong_records_are_each_dead_letters(world: World) -> None:
    rng = random.Random(42)
    inbox = world.settings.topics.inbox("members").name
    good = 0
    async with ingestion(world.settings), world.producer() as producer:
        for number in range(WRONG):
            value = wrong(rng) if rng.random() < 0.9 else garbage(rng)
            key = rng.choice([None, b"", b"\xff\x00", b"key"])
            headers = [(rng.choice(HEADERS), rng.choice(HEADER_VALUES)) for _ in range(number % 4)]
            await producer.send(inbox, value, key, headers=headers)
            if number % 100 == 0:
                await producer.send(inbox, json.dumps(joined(f"g{number}")).encode())
                good += 1
        await producer.flush()
        await eventually(lambda: _both(world, good, WRONG), seconds=100)
    assert len(await world.events()) == good
    letters = await world.letters()
    assert len({each.name for each in letters}) == len(letters) == WRONG
    assert all(each.reason.limit and each.reason.remedy for each in letters)


HEADERS = [
    "ce_id",
    "ce_type",
    "ce_specversion",
    "content-type",
    "Content-Type",
    "reply_to",
    "x",
    "",
]
HEADER_VALUES = [
    b"",
    b"\xff",
    b"1.0",
    b"application/json",
    b"application/cloudevents+json",
    b"\x00",
    None,
]


async def _both(world: World, good: int, bad: int) -> bool:
    return len(await world.events()) >= good and len(await world.letters()) >= bad
