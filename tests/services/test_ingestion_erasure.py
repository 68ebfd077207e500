"""Erasure through both doors, against retries, crashes and what comes late (docs/adr/0010)."""

from __future__ import annotations

import asyncpg

from crosstie.erasures import Erasure, Erasures
from crosstie.events import Person
from crosstie.vault import Vault
from services.ingestion.intake import Intake
from services.ingestion.log import Log
from tests.services.ingestion_world import (
    VAULT_KEY,
    World,
    client,
    event,
    ingestion,
    joined,
    met,
    person,
)

ERASED = "org.crosstie.member.erased.v1"
BEFORE, AT, AFTER = (f"2026-01-05T{hour}:00:00Z" for hour in ("09", "10", "11"))


def erased(name: str) -> dict[str, object]:
    return event("member.erased", {"member": person(name)}, time=AT)


async def test_an_erasure_is_logged_in_plain_about_the_subject_that_was(world: World) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        await http.post("/v1/events", json=joined("ada"))
        subject = await world.subject("ada")
        answer = await http.post("/v1/events", json=erased("ada"))
    assert answer.status_code == 202
    assert await world.subject("ada") is None
    last = (await world.events())[-1]
    assert (last.type, last.key, last.data.member) == (ERASED, f"member/{subject}", subject)


async def test_a_retry_of_everything_brings_nobody_back(world: World) -> None:
    story = [joined("ada", time=BEFORE), erased("ada")]
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        assert (await http.post("/v1/events", json=story)).json()["accepted"] == 2
        again = await http.post("/v1/events", json=story)
    assert [each["status"] for each in again.json()["results"]] == ["rejected", "accepted"]
    assert again.json()["results"][0]["pointer"] == "/time"
    assert await world.subject("ada") is None
    assert len(await world.events()) == 2


async def test_who_joins_again_is_someone_new_and_an_old_erasure_leaves_them_alone(
    world: World,
) -> None:
    goodbye = erased("ada")
    story = [joined("ada", time=BEFORE), goodbye, joined("ada", time=AFTER)]
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        assert (await http.post("/v1/events", json=story)).json()["accepted"] == 3
        subject = await world.subject("ada")
        assert (await http.post("/v1/events", json=goodbye)).status_code == 202
    assert await world.subject("ada") == subject
    events = await world.events()
    assert len({each.key for each in events}) == 2
    assert [each.type for each in events if each.key != f"member/{subject}"].count(ERASED) == 1


async def test_what_is_said_of_the_erased_later_but_dated_before_is_refused(world: World) -> None:
    late = [
        met("ada", "bob", time=BEFORE),
        event(
            "gathering.held", {"members": [person(n) for n in ("ada", "bob", "cy")]}, time=BEFORE
        ),
        event("gathering.held", {"members": [person(n) for n in ("ada", "bob")]}, time=BEFORE),
        met("bob", "cy", time=BEFORE),
    ]
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        await http.post("/v1/events", json=[joined("ada", time=BEFORE), erased("ada")])
        answer = await http.post("/v1/events", json=late)
    statuses = [each["status"] for each in answer.json()["results"]]
    assert statuses == ["rejected", "accepted", "rejected", "accepted"]
    ties = [each for each in await world.events() if each.key.startswith("tie/")]
    assert len(ties) == 2
    assert len({each.key for each in ties}) == 1
    assert await world.subject("ada") is None


async def test_an_erasure_that_a_crash_cut_short_is_finished_by_whoever_runs(world: World) -> None:
    async with ingestion(world.settings) as (service, _), client(service, world.key) as http:
        await http.post("/v1/events", json=joined("ada", time=BEFORE))
        subject = await world.subject("ada")
    ada = Person(authority="members", id="ada")
    async with asyncpg.create_pool(
        world.settings.database_url.get_secret_value(), min_size=1
    ) as pool:
        erasures = Erasures(pool, VAULT_KEY)
        await erasures.retire([Erasure(ada, 1, "https://s", "goodbye")])
        await pool.execute("UPDATE vault.erasures SET at = now() - interval '2 minutes'")
        log = Log(world.settings)
        topic = world.settings.topics.events.name
        await Intake(Vault(pool, VAULT_KEY), erasures, log, topic).finish_erasures()
        await log.stop()
        assert await erasures.unlogged(older_than_seconds=-1) == []
    last = (await world.events())[-1]
    assert (last.id, last.type, last.key) == ("goodbye", ERASED, f"member/{subject}")
