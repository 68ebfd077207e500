"""A member's words go all the way into a suggestion, and into no log line, error or reason.

Three services, everything that a member may write planted, at the door and after it what is wrong:
records of the log that profile refuses, rows that matching cannot read, reads that are not
answered, a row that is broken in PostgreSQL, and PostgreSQL away for a while.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosstie.events import EVENT_TYPES, Person
from crosstie.runtime.stack import Stack
from tests.services.canaries import WORDS, Told, sound, spoiled, told, untold
from tests.services.ingestion_world import VAULT_KEY, Proxy, World, eventually, joined, met
from tests.services.ingestion_world import proxy as proxied

SERVICES = ("ingestion", "profile", "matching")
TWO = b"tie/AAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBB"
STRAY = "records passed over that profile did not write"
LEDGER = ("rounds", "suggestions", "ledgers", "policies", "bases", "outbox", "control")


def test_words_are_planted_wherever_a_member_may_write_some() -> None:
    models = [each.model[Person].model_json_schema() for each in EVENT_TYPES.values()]
    planted = {name for each in sound() for name in _saying(each["data"])}
    assert planted == {name for each in models for name in _of_words(each)}


def _of_words(schema: Any, name: str = "") -> Iterator[str]:
    """Names of the fields of a JSON schema that may hold any text."""
    if isinstance(schema, list):
        for each in schema:
            yield from _of_words(each, name)
    if isinstance(schema, dict):
        if schema.get("type") == "string" and not schema.keys() & {"pattern", "enum"}:
            yield name
        for key, part in schema.items():
            if key in {"properties", "$defs"}:
                for called, each in part.items():
                    yield from _of_words(each, called)
            else:
                yield from _of_words(part, name)


def _saying(data: Any, name: str = "") -> Iterator[str]:
    """Names of the fields of `data` that hold the planted words."""
    if isinstance(data, dict):
        for called, each in data.items():
            yield from _saying(each, called)
    elif isinstance(data, list):
        for each in data:
            yield from _saying(each, name)
    elif isinstance(data, str) and WORDS in data:
        yield name


@pytest.mark.slow
async def test_a_members_words_reach_the_suggestion_and_no_log_line_error_or_reason(
    stack: Stack, world: World, database: str, tmp_path: Path
) -> None:
    async with proxied(database) as through, httpx.AsyncClient(timeout=60) as http:
        http.headers["Authorization"] = f"Bearer {world.key}"
        with contextlib.ExitStack() as running:
            services = {
                name: running.enter_context(
                    told(name, tmp_path / name, _settings(name, stack, world, through))
                )
                for name in SERVICES
            }
            for each in services.values():
                await _until_ready(http, each)
            urls = {name: await each.url() for name, each in services.items()}
            door = f"{urls['ingestion']}/v1/events"
            accepted = await http.post(door, json=[*sound("ada"), joined("bob"), *sound("eve")])
            assert accepted.json()["accepted"] == 2 * len(sound()) + 1
            said = await _refused_by_profile(world, services["profile"])
            await _passed_over_by_matching(world, services["matching"])
            said += await _asked_in_vain(http, urls)
            said += await _without_postgresql(http, through, services, urls)
            said += await _buried(world)
            await _suggested(world)
            said += await _broken(http, world, services["profile"], urls["profile"])
            shown = await http.get(f"{urls['matching']}/v1/members/members/cyd/suggestions")
            assert WORDS in shown.text
            said += [(await http.get(f"{url}/metrics")).text for url in urls.values()]
        await _sealed(world)
        await _ids_and_codes(world)
    for text in (*said, *(each.text() for each in services.values())):
        untold(text, world.key.rpartition("_")[2])


def _settings(name: str, stack: Stack, world: World, through: Proxy) -> dict[str, str]:
    settings = {
        "CROSSTIE_KAFKA_BOOTSTRAP": stack.bootstrap,
        "CROSSTIE_DATABASE_URL": through.url,
        "CROSSTIE_TOPIC_PREFIX": world.settings.topic_prefix,
        "CROSSTIE_CLOCK": "log",
        "CROSSTIE_ROUND_PAUSE_SECONDS": "0.1",
        "CROSSTIE_LOG_LEVEL": "DEBUG",
    }
    key = {"CROSSTIE_VAULT_KEY": base64.b64encode(VAULT_KEY).decode()}
    return settings if name == "matching" else settings | key


async def _refused_by_profile(world: World, profile: Told) -> list[str]:
    """Records of the log that it sets aside, words wherever they may stand; its reasons."""
    events = world.settings.topics.events.name
    records = await world.records(events)
    known = next(each for each in records if dict(each.headers)["ce_id"] == b"known-ada")
    plain = {"content-type": b"application/json"}
    tie = {"members": ["A" * 16, "B" * 16], "channel": "met"}
    contact = plain | {"ce_type": b"org.crosstie.contact.made.v1"}
    words = WORDS.encode()
    poison: list[tuple[bytes, bytes, dict[str, bytes]]] = [
        (known.key, known.value, plain),
        (known.key, words, {}),
        (known.key, json.dumps({"member": "A" * 16, "text": [WORDS]}).encode(), plain),
        (known.key, json.dumps({"member": WORDS, "item": "n", "text": WORDS}).encode(), plain),
        (TWO, json.dumps(tie | {"weight": WORDS}).encode(), contact),
        (TWO, json.dumps(tie | {"members": [WORDS, WORDS]}).encode(), contact),
        (words, known.value, {}),
        (known.key, known.value, {"ce_type": words}),
        (known.key, known.value, {"ce_time": words}),
        (known.key, known.value, {"ce_time": b"0001-01-01T00:00:00Z " + words}),
    ]
    async with world.producer() as producer:
        for key, value, other in poison:
            headers = list((dict(known.headers) | other).items())
            await producer.send_and_wait(events, value, key, headers=headers)
        nameless = [(WORDS, None), *known.headers]  # aiokafka sends it, whatever its types say
        await producer.send_and_wait(events, known.value, known.key, headers=nameless)

    async def aside() -> list[Any]:
        rows = await world.connection.fetch("SELECT reason, replay FROM profile.quarantine")
        return rows if len(rows) > len(poison) else []

    rows = await eventually(aside, seconds=60)
    assert len(rows) == len(poison) + 1
    await eventually(
        lambda: sum(len(each["refused"]) for each in profile.said("folded")) == len(rows)
    )
    return [str(dict(each)) for each in rows]


async def _passed_over_by_matching(world: World, matching: Told) -> None:
    """Rows that profile did not write."""
    ada = f"member/{await world.subject('ada')}".encode()
    words = json.dumps(WORDS)
    strays = [
        (WORDS.encode(), b"{}"),
        (b"mark", words.encode()),
        (ada, words.encode()),
        (ada, f'{{"subject":{words},"facts":{{"level":[{words},1,"",""]}}}}'.encode()),
        (TWO, f'{{"a":"{"A" * 16}","b":{words},"contacts":{words}}}'.encode()),
    ]
    async with world.producer() as producer:
        for key, value in strays:
            await producer.send_and_wait(world.settings.topics.network.name, value, key)
    await eventually(lambda: sum(each["n"] for each in matching.said(STRAY)) == len(strays))


async def _asked_in_vain(http: httpx.AsyncClient, urls: Mapping[str, str]) -> list[str]:
    """Reads that are refused; those that are not may tell a platform its own people's words."""
    profile, matching = urls["profile"], urls["matching"]
    paths = {
        f"{profile}/v1/{WORDS}": 404,
        f"{profile}/v1/members/{WORDS}/ada": 422,
        f"{matching}/v1/members/members/{WORDS} {WORDS}/suggestions": 422,
        f"{matching}/v1/rounds?limit={WORDS}": 422,
    }
    for person in (f"members/{WORDS}", f"{WORDS.lower()}/ada"):
        paths |= {
            f"{profile}/v1/members/{person}": 404,
            f"{profile}/v1/members/{person}/map": 404,
            f"{matching}/v1/members/{person}/suggestions": 404,
        }
    bodies: Mapping[str, int] = {
        json.dumps({"person": {"authority": "members", "id": WORDS}}): 404,
        json.dumps({"person": {"authority": WORDS, "id": f"{WORDS} "}}): 422,
        json.dumps({"person": {"authority": "members", "id": [WORDS]}}): 422,
        json.dumps({"person": WORDS, "limit": WORDS}): 422,
        f'{{"person": {WORDS}': 422,
    }
    answers = [(await http.get(path), status) for path, status in paths.items()]
    preview = f"{matching}/v1/preview"
    answers += [(await http.post(preview, content=b), status) for b, status in bodies.items()]
    assert [each.status_code for each, _ in answers] == [status for _, status in answers]
    return [each.text for each, _ in answers]


async def _without_postgresql(
    http: httpx.AsyncClient, through: Proxy, services: Mapping[str, Told], urls: Mapping[str, str]
) -> list[str]:
    """PostgreSQL goes away under all, while there is work; it is back afterwards."""
    await through.cut()
    answers = [
        await http.post(f"{urls['ingestion']}/v1/events", json=sound("new")),
        await http.get(f"{urls['profile']}/v1/members/members/ada"),
        await http.get(f"{urls['matching']}/v1/members/members/ada/suggestions"),
    ]
    assert {each.status_code for each in answers} == {503}
    for each in services.values():
        await eventually(partial(each.said, "does not answer"), seconds=60)
        answers.append(await http.get(f"{await each.url()}/health/ready"))
        assert answers[-1].status_code == 503
    await through.mend()
    for each in services.values():
        await _until_ready(http, each)
    return [each.text for each in answers]


async def _buried(world: World) -> list[str]:
    """One more member and whom they met, by the inbox, and what may not pass; the letters' headers."""
    inbox = world.settings.topics.inbox("members").name
    good = [*sound("cyd"), met("ada", "bob"), met("bob", "cyd")]
    async with world.producer() as producer:
        for each in (*(json.dumps(each).encode() for each in good), *spoiled()):
            await producer.send_and_wait(inbox, each)

    async def buried() -> list[Any]:
        letters = await world.records(world.settings.topics.dlq.name)
        return letters if len(letters) == len(spoiled()) else []

    return [str(each.headers) for each in await eventually(buried, seconds=60)]


async def _suggested(world: World) -> None:
    """Whoever came last is suggested to somebody, with their words; and that is out."""
    topic = world.settings.topics.suggestions("members").name

    async def made() -> bool:
        told = [each.value for each in await world.records(topic)]
        return any(WORDS.encode() in each and b'"cyd"' in each for each in told)

    await eventually(made, seconds=120)
    left = "SELECT count(*) FROM matching.outbox"

    async def out() -> bool:
        return bool(await world.connection.fetchval(left) == 0)

    await eventually(out)


async def _broken(http: httpx.AsyncClient, world: World, profile: Told, url: str) -> list[str]:
    """A row in PostgreSQL that cannot be decoded: the answer says no more than that."""
    eve = f"{url}/v1/members/members/eve"
    assert WORDS in (await http.get(eve)).text
    await world.connection.execute(
        "UPDATE profile.members SET state = json_build_object('subject', $2::text,"
        " 'facts', json_build_object('sector', $2::text)) WHERE subject = $1",
        *(await world.subject("eve"), WORDS),
    )
    answer = await http.get(eve)
    assert answer.status_code == 500
    await eventually(lambda: profile.said("Exception in ASGI application\n"))
    return [answer.text]


async def _sealed(world: World) -> None:
    """What members wrote is in the log, but for the poison, as nobody can read it."""
    rows = await world.connection.fetch('SELECT partition, "offset" FROM profile.quarantine')
    aside = {(each["partition"], each["offset"]) for each in rows}
    records = await world.records(world.settings.topics.events.name)
    logged = [each for each in records if (each.partition, each.offset) not in aside]
    assert len(logged) >= 3 * len(sound()) + 3
    for each in logged:
        untold(str((each.key, each.value, each.headers)))


async def _ids_and_codes(world: World) -> None:
    """Rounds, and what is kept of them, tell of people by their ids."""
    rounds = await world.records(world.settings.topics.rounds.name)
    assert rounds
    untold(str([each.value for each in rounds]))
    for table in LEDGER:
        rows = await world.connection.fetch(f"SELECT t::text FROM matching.{table} t")
        untold(str([each["t"] for each in rows]))


async def _until_ready(http: httpx.AsyncClient, service: Told) -> None:
    url = await service.url()

    async def ready() -> bool:
        return (await http.get(f"{url}/health/ready")).status_code == 200

    await eventually(ready, seconds=300)
