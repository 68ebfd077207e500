"""Fifty people through all three services, each of which is killed in mid-flow.

The one test that must always be green: events go in by HTTP, suggestions come out of the
platform's topic, answers go back by the inbox, and the books are clean; then one person is erased.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from crosstie.events import ERASED, Person
from crosstie.replay.books import check
from crosstie.runtime.supervisor import System, whole_system
from crosstie.simulate.scenario import DAY_US, Scenario
from crosstie.simulate.stream import cloud_event, events
from tests.e2e.platforms import TestPlatform, platform
from tests.e2e.waiting import caught_up, until

SCENARIO = Scenario(members=50, seed=7, days=10, doubled=0.02, late=0.05)
CHUNK = 50
CANARY = "somebody to talk to about a canary"


@pytest.mark.long
async def test_kills_in_mid_flow_lose_nothing_and_double_nothing(
    environment: Mapping[str, str],
) -> None:
    async with whole_system(environment=environment, liveness=None) as system:
        url = system.urls["ingestion"]
        async with (
            platform(system.settings, url, SCENARIO) as locality,
            locality.answering(SCENARIO.source),
        ):
            someone = await send_with_kills(system, locality, ("ingestion", "profile", "matching"))
            locality.let_time_pass(SCENARIO.end + 14 * DAY_US)
            await until(lambda: has_suggestions(locality), "suggestions came and were answered")
        await caught_up(system.settings)

        await every_book_is_clean(system, locality)
        await an_erased_person_leaves_nothing(system, someone)
        await a_planted_defect_shows(system)


async def send_with_kills(system: System, to: TestPlatform, victims: tuple[str, ...]) -> Person:
    """Send the scenario; at each quarter of it another service is killed with -9.

    Returns somebody who said the canary.
    """
    told = [event for event in events(SCENARIO) if event["type"] != ERASED]
    person = next(event["data"]["member"] for event in told if "member" in event["data"])
    need = {"member": person, "item": "canary", "text": CANARY}
    told.append(cloud_event(SCENARIO.source, "canary", SCENARIO.end, "need.posted", need))
    chunks = [told[at : at + CHUNK] for at in range(0, len(told), CHUNK)]
    kills = {len(chunks) * (i + 1) // (len(victims) + 1): name for i, name in enumerate(victims)}
    for number, chunk in enumerate(chunks):
        if number in kills:
            await system.kill(kills[number])
        await to.send(chunk)
    return Person(**person)


async def has_suggestions(of: TestPlatform) -> object:
    return (len(of.received) > 5 and of.answered > 5) or (len(of.received), of.answered)


async def every_book_is_clean(system: System, locality: TestPlatform) -> None:
    books = await check(system.settings, acknowledged=locality.acknowledged)
    assert [book for book in books.books if not book.ok] == []
    assert books.named("delivery").counted["lost"] == 0
    assert books.named("tables").counted["behind"] == 0
    assert books.named("inbox").counted["dead letters"] == 0
    rounds = books.named("rounds").counted
    assert rounds["recomputed"] == books.named("ledger").counted["rounds"]
    assert rounds["suggestions"] == books.named("capacity").counted["made"] > 0


async def an_erased_person_leaves_nothing(system: System, person: Person) -> None:
    assert not (await check(system.settings, rounds=0, text=CANARY)).clean
    forgotten = await crosstie(system, "forget", person.authority, person.id)
    assert forgotten["done"]
    assert len(forgotten["subjects"]) == 1
    await caught_up(system.settings)
    said = await crosstie(system, "check", "--text", CANARY)
    books = {book["name"]: book for book in said["books"]}
    assert said["clean"], books
    assert books["rounds"]["counted"]["touched by an erasure"] > 0
    assert books["erasure"]["counted"]["erased"] == 1


async def crosstie(system: System, *arguments: str) -> dict[str, Any]:
    """What the command line says, as JSON."""
    command = Path(sys.executable).with_name("crosstie")
    process = await asyncio.create_subprocess_exec(
        command, *arguments, "--json", env={**os.environ, **system.env}, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode in {0, 1}, err.decode()
    answer: dict[str, Any] = json.loads(out)
    return answer


async def a_planted_defect_shows(system: System) -> None:
    """The books would not be clean whatever happens."""
    connection = await asyncpg.connect(system.settings.database_url.get_secret_value())
    try:
        await connection.execute(
            "DELETE FROM profile.ties WHERE (a, b) IN (SELECT a, b FROM profile.ties LIMIT 1)"
        )
    finally:
        await connection.close()
    books = (await crosstie(system, "check", "--rounds", "0"))["books"]
    assert [book["name"] for book in books if not book["ok"]] == ["tables", "network"]
