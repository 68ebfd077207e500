"""Requests that schemathesis makes of the OpenAPI documents: none is answered 500, all as documented."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from schemathesis.generation import GenerationMode

from crosstie import api_keys
from crosstie.contracts import openapi
from crosstie.runtime.auth import Keys
from crosstie.runtime.stack import Stack
from tests.fuzz import sendable
from tests.fuzz.documented import BY_STARLETTE, Made, about, answered, made
from tests.services import matching_world, profile_reading
from tests.services.ingestion_world import client, ingestion, world
from tests.services.matching_running import here

POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
EXAMPLES = 100
MOSTLY = 0.9
EVENTS = 12  # of each type
READS = 40  # requests to each of their operations


async def wrong(connection: Any, platform: str, scope: str) -> dict[str | None, int]:
    """Headers that are refused, and how: the last has a key with no scope but this one."""
    may = api_keys.allowed(scopes=[scope], now=datetime.now(UTC))
    other = await api_keys.add(connection, platform, may, b"")
    return {
        None: 401,
        "Bearer": 401,
        "Basic Y2FyOmJ1cw==": 401,
        "Bearer ctk_wrong": 401,
        f"Bearer {api_keys.new_key()}": 401,
        f"Bearer {other}": 403,
    }


@pytest.mark.slow
@pytest.mark.parametrize("mode", [POSITIVE, NEGATIVE])
async def test_the_door_answers_what_its_document_lets_be_sent_and_what_not(
    stack: Stack, database: str, topic_prefix: str, mode: GenerationMode
) -> None:
    document = openapi.documents()["ingestion"]
    async with (
        world(stack.bootstrap, database, topic_prefix, requests_per_second=1e6) as at,
        ingestion(at.settings) as (service, _),
        client(service, at.key) as http,
    ):
        refused = await wrong(at.connection, "members", "read")
        statuses = await answered(http, document, made(document, mode, EXAMPLES), refused)
    assert statuses[422] >= MOSTLY * statuses.total(), statuses  # hardly anything is an event
    assert not statuses[403], statuses


@pytest.mark.slow
async def test_the_door_takes_the_events_of_the_schemas_and_refuses_the_same_spoiled_for_what_is_wrong(
    stack: Stack, database: str, topic_prefix: str
) -> None:
    document = openapi.documents()["ingestion"]
    sent = [made(each, POSITIVE, EVENTS) for each in sendable.documents(document)]
    async with (
        world(stack.bootstrap, database, topic_prefix, requests_per_second=1e6) as at,
        ingestion(at.settings) as (service, _),
        client(service, at.key) as http,
    ):
        refused = await wrong(at.connection, "members", "read")
        by_strangers: Counter[int] = Counter()
        for of_one_type in sent:
            right = [each for each in of_one_type if sendable.by_one_of_them(_event(each))]
            assert right, f"none is by one of them: {[*map(_event, of_one_type)]}"
            taken = await answered(http, document, right, refused)
            assert taken.keys() <= {202, 422}, taken
            assert taken[202] >= MOSTLY * taken.total(), taken
            others = [each for each in of_one_type if each not in right]
            by_strangers += await answered(http, document, others, refused)
            for pointer, status, spoiled in sendable.spoiled(_event(right[0])):
                answer = await http.post("/v1/events", json=spoiled)
                told = [each["pointer"] for each in answer.json()["results"]]
                assert (answer.status_code, told) == (status, [pointer]), answer.text
        assert by_strangers.keys() == {422}, by_strangers


def _event(made: Made) -> dict[str, Any]:
    body: Any = made.request.body
    event: dict[str, Any] = json.loads(body)
    return event


@asynccontextmanager
async def profile(database: str) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str | None, int]]]:
    """Reads of profile, with a key and what is refused."""
    await profile_reading.fill(database)
    key = await profile_reading.key_of(database)
    connection = await asyncpg.connect(database)
    refused = await wrong(connection, profile_reading.PLATFORM, "write")
    await connection.close()
    async with (
        profile_reading.reading(database) as pool,
        profile_reading.asking(Keys(pool), pool, key) as http,
    ):
        yield http, refused


async def held_against(
    document: dict[str, Any], known: tuple[str, list[str]], http: httpx.AsyncClient, refused: Any
) -> None:
    """Reads of known people are answered, of others by their schemas not found, against them refused."""
    ours = made(about(document, *known), POSITIVE, READS)
    assert (await answered(http, document, ours, refused)).keys() == {200}
    anybody = await answered(http, document, made(document, POSITIVE, READS), refused)
    assert anybody.keys() <= {200, 404}
    nobody = await answered(http, document, made(document, NEGATIVE, READS), refused)
    assert 422 in nobody
    assert nobody.keys() <= {200, 422, *BY_STARLETTE}


@pytest.mark.slow
async def test_profile_reads_as_its_document_says(database: str) -> None:
    async with profile(database) as (http, refused):
        document = openapi.documents()["profile"]
        await held_against(document, ("nhs", ["alma", "chidi"]), http, refused)


@pytest.mark.slow
async def test_matching_reads_and_previews_as_its_document_says(
    stack: Stack, database: str, topic_prefix: str
) -> None:
    settings = matching_world.settings_of(stack, topic_prefix, database, requests_per_second=1e6)
    async with matching_world.world(settings) as village:
        await village.village(12)
        refused = await wrong(village.sql, matching_world.PLATFORM, "write")
        async with here(settings) as one:
            await village.round_published(1)
            await village.sql.execute("UPDATE matching.control SET paused = true")
            await one.said("held")
            await village.has_time(3, 12, matching_world.START + 1_000_000)
            async with one.asking(village.key) as http:
                document = openapi.documents()["matching"]
                known = matching_world.AUTHORITY, [f"p{n}" for n in range(12)]
                await held_against(document, known, http, refused)
