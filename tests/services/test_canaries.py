"""Nobody's words, keys or passwords stand in a log line, an error, a reason or a metric.

They are planted everywhere, and the services are driven with what is good, bad and failing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url

from crosstie import api_keys
from crosstie.registry import Platform
from crosstie.runtime.admin import create_topics
from crosstie.runtime.stack import Stack
from crosstie.settings import Settings
from tests.services.canaries import (
    DATABASE_PASSWORD,
    KAFKA_PASSWORD,
    PEPPER,
    SECRET,
    VAULT_KEY,
    WORDS,
    Told,
    environment,
    sound,
    spoiled,
    told,
    untold,
)
from tests.services.ingestion_world import SOURCE, Proxy, World, event, eventually, joined, person
from tests.services.ingestion_world import proxy as proxied

SERVICES = ("ingestion", "profile", "matching")
REFUSED = [
    {"CROSSTIE_DATABASE_URL": f"postgresql://user:{DATABASE_PASSWORD}#x@localhost:5432/x"},
    {"CROSSTIE_DATABASE_URL": f"user:{DATABASE_PASSWORD}@localhost"},
    {"CROSSTIE_VAULT_KEY": VAULT_KEY.decode()},
]


@pytest.fixture
async def database_url(database: str) -> AsyncIterator[str]:
    """The test's database, for a login whose password is planted."""
    connection = await asyncpg.connect(database)
    name = f"canary_{make_url(database).database}"
    await connection.execute(f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD '{DATABASE_PASSWORD}'")
    url = make_url(database).set(username=name, password=DATABASE_PASSWORD)
    yield url.render_as_string(hide_password=False)
    await connection.execute(f"DROP ROLE {name}")
    await connection.close()


@pytest.fixture
async def through(database_url: str) -> AsyncIterator[Proxy]:
    async with proxied(database_url) as made:
        yield made


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str) -> AsyncIterator[World]:
    settings = Settings(
        kafka_bootstrap=stack.bootstrap, database_url=database, topic_prefix=topic_prefix
    )
    create_topics(settings.brokers, settings.topics.every(["members"]))
    connection = await asyncpg.connect(database)
    platform = Platform("members", frozenset([SOURCE]), frozenset(["members"]))
    key = await api_keys.register(connection, platform, PEPPER)
    yield World(settings, connection, str(key))
    await connection.close()


@pytest.mark.slow
async def test_no_word_key_or_password_is_told(
    world: World, through: Proxy, tmp_path: Path
) -> None:
    settings = environment(world.settings.kafka_bootstrap, through.url, world.settings.topic_prefix)
    with (
        told("ingestion", tmp_path / "ingestion", settings) as ingestion,
        told("profile", tmp_path / "profile", settings) as profile,
    ):
        async with httpx.AsyncClient(timeout=60) as http:
            said = await _at_http(http, await ingestion.url(), world.key)
            said += await _at_kafka(world)
            said += await _quarantined(world)
            said += await _asked(http, await profile.url(), world.key)
            said += await _without_postgresql(http, through, ingestion, profile, world.key)
    logs = ingestion.text() + profile.text()
    assert {"received", "dead letter", "does not answer"} <= _events(logs)
    untold(logs, _secret(world))
    untold("\n".join(said), _secret(world))


def _unwelcome(world: World, database_url: str) -> dict[str, str]:
    """The environment of a service that Kafka does not let in."""
    login = {
        "CROSSTIE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "CROSSTIE_KAFKA_SASL_USERNAME": "us",
        "CROSSTIE_KAFKA_SASL_PASSWORD": KAFKA_PASSWORD,
    }
    bootstrap, prefix = world.settings.kafka_bootstrap, world.settings.topic_prefix
    return environment(bootstrap, database_url, prefix, **login)


@pytest.mark.slow
async def test_no_password_is_told_while_kafka_refuses_us(
    world: World, database_url: str, tmp_path: Path
) -> None:
    settings = _unwelcome(world, database_url)
    with told("ingestion", tmp_path / "ingestion", settings) as ingestion:
        async with httpx.AsyncClient(timeout=60) as http:
            url = await ingestion.url()
            await eventually(lambda: ingestion.said("retrying"), seconds=60)
            headers = {"Authorization": f"Bearer {world.key}"}
            answer = await http.post(f"{url}/v1/events", json=sound(), headers=headers)
            ready = await http.get(f"{url}/health/ready")
    assert (answer.status_code, ready.status_code) == (503, 503)
    untold(ingestion.text() + answer.text + ready.text, _secret(world))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["profile", "matching"])
async def test_no_reader_tells_a_password_while_kafka_refuses_it(
    world: World, database_url: str, tmp_path: Path, name: str
) -> None:
    settings = _unwelcome(world, database_url)
    with told(name, tmp_path / name, settings) as service:
        async with httpx.AsyncClient(timeout=60) as http:
            url = await service.url()
            await eventually(lambda: service.said("retrying"), seconds=60)
            ready = await http.get(f"{url}/health/ready")
    assert ready.status_code == 503
    untold(service.text() + ready.text, _secret(world))


@pytest.mark.slow
async def test_settings_that_are_refused_are_not_repeated(tmp_path: Path) -> None:
    settings = environment("localhost:1", "postgresql://localhost/x", "x.")
    async with contextlib.AsyncExitStack() as stack:
        services = [
            stack.enter_context(told(name, tmp_path / str(number), settings | wrong))
            for number, (name, wrong) in enumerate(zip(SERVICES, REFUSED, strict=True))
        ]
        for each in services:
            assert await asyncio.to_thread(each.process.wait, 100) == 2
            assert "must" in each.text()
            untold(each.text())


async def _at_http(http: httpx.AsyncClient, url: str, key: str) -> list[str]:
    """Good, bad and forbidden requests; what was answered."""
    await eventually(lambda: _ready(http, url), seconds=60)
    headers = {"Authorization": f"Bearer {key}"}
    door, ndjson = f"{url}/v1/events", headers | {"content-type": "application/x-ndjson"}
    answers = [await http.post(door, json=sound(), headers=headers)]
    assert answers[0].json()["accepted"] == len(sound())
    answers += [
        await http.post(door, content=each, headers=headers | {"content-type": media})
        for each in spoiled()
        for media in ("application/json", "application/x-ndjson")
    ]
    assert {each.status_code for each in answers[1:]} == {422}
    answers.append(await http.post(door, content=b"\n".join(spoiled()), headers=ndjson))
    for more in (
        {"Authorization": f"Bearer ctk_0123456789abcdef_{SECRET[:64]}"},
        {"Authorization": f"Bearer {SECRET}"},
        {"content-type": WORDS},
        {"content-type": f"application/json; charset={WORDS}"},
        {"content-encoding": WORDS},
        {"content-encoding": "gzip"},
        {"ce-id": "e", "ce-type": "x", "content-type": "application/json"},
    ):
        answers.append(await http.post(door, content=spoiled()[0], headers=ndjson | more))
        assert 400 <= answers[-1].status_code < 500
    return [each.text for each in answers if each.status_code != 415] + [
        (await http.get(f"{url}/metrics")).text
    ]


async def _at_kafka(world: World) -> list[str]:
    """Bad records on the inbox; the reasons on their letters."""
    inbox = world.settings.topics.inbox("members").name
    async with world.producer() as producer:
        for each in spoiled():
            await producer.send_and_wait(inbox, each)
            await producer.send_and_wait(inbox, each, headers=[("ce_type", WORDS.encode()[:3])])

    async def buried() -> list[Any]:
        letters = await world.letters()
        return letters if len(letters) == 2 * len(spoiled()) else []

    return [str(each.reason) for each in await eventually(buried, seconds=60)]


async def _quarantined(world: World) -> list[str]:
    """Records of the log that profile sets aside; its reasons."""
    records = await world.records(world.settings.topics.events.name)
    known = next(each for each in records if dict(each.headers)["ce_id"] == b"known-ada")
    tie = {"members": ["A" * 16, "B" * 16], "channel": "met", "weight": WORDS}
    poison = [
        (known.key, known.value, [*known.headers[:-1], ("content-type", b"application/json")]),
        (known.key, WORDS.encode(), known.headers),
        (known.key, known.value, [("ce_id", b"known")]),
        (
            b"tie/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB",
            json.dumps(tie).encode(),
            [
                (name, b"org.crosstie.contact.made.v1" if name == "ce_type" else value)
                for name, value in known.headers
                if name != "content-type"
            ],
        ),
    ]
    async with world.producer() as producer:
        for key, value, headers in poison:
            await producer.send_and_wait(
                world.settings.topics.events.name, value, key, headers=list(headers)
            )

    async def aside() -> list[Any]:
        rows = await world.connection.fetch("SELECT reason FROM profile.quarantine")
        return rows if len(rows) >= len(poison) else []

    return [str(dict(each)) for each in await eventually(aside, seconds=60)]


async def _asked(http: httpx.AsyncClient, url: str, key: str) -> list[str]:
    """Reads that are refused; those that are not may tell a platform its own people's words."""
    headers = {"Authorization": f"Bearer {key}"}
    answers = [
        await http.get(f"{url}/v1/members/members/{WORDS} {WORDS}", headers=headers),
        await http.get(
            f"{url}/v1/members/members/ada", headers={"Authorization": f"Bearer {SECRET}"}
        ),
    ]
    assert [each.status_code for each in answers] == [422, 401]
    return [each.text for each in answers] + [(await http.get(f"{url}/metrics")).text]


async def _without_postgresql(
    http: httpx.AsyncClient, through: Proxy, ingestion: Told, profile: Told, key: str
) -> list[str]:
    """PostgreSQL goes away under both, while there is work."""
    headers = {"Authorization": f"Bearer {key}"}
    door = f"{await ingestion.url()}/v1/events"
    await through.cut()
    new = [
        joined("new"),
        event("need.posted", {"member": person("new"), "item": "x", "text": WORDS}),
    ]
    answers = [await http.post(door, json=new, headers=headers)]
    answers += [await http.get(f"{await profile.url()}/v1/members/members/ada", headers=headers)]
    assert {each.status_code for each in answers} == {503}
    await eventually(lambda: _unready(http, profile), seconds=60)
    answers.append(await http.get(f"{await profile.url()}/health/ready"))
    await eventually(lambda: _says("does not answer", ingestion, profile), seconds=60)
    await through.mend()
    return [each.text for each in answers]


async def _ready(http: httpx.AsyncClient, url: str) -> bool:
    return (await http.get(f"{url}/health/ready")).status_code == 200


async def _unready(http: httpx.AsyncClient, service: Told) -> bool:
    return not await _ready(http, await service.url())


async def _says(event: str, *services: Told) -> bool:
    """Whether one of them logged it; they look at PostgreSQL every few seconds."""
    return any(f'"event": "{event}"' in each.text() for each in services)


def _secret(world: World) -> str:
    return world.key.rpartition("_")[2]


def _events(logs: str) -> set[str]:
    return {json.loads(each)["event"] for each in logs.splitlines() if each.startswith("{")}
