"""POST /v1/preview: whom a member would be suggested now; nobody is told, no slot is used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from crosstie import api_keys
from crosstie.network.facts import MemberFact
from crosstie.network.state import member_key
from crosstie.showing import PRIVATE_SCORES
from services.matching import previews
from tests.services.matching_running import here
from tests.services.matching_world import AUTHORITY, PLATFORM, START, World, until
from tests.services.network_hand import subject


def asked(number: int, **more: Any) -> dict[str, Any]:
    return {"person": {"authority": AUTHORITY, "id": f"p{number}"}, **more}


async def previewed(http: httpx.AsyncClient, number: int, **more: Any) -> dict[str, Any]:
    answer = await http.post("/v1/preview", json=asked(number, **more))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
async def busy(village: World) -> World:
    """A village where all have time to spare, but for p3, who has none yet."""
    for number in range(12):
        await village.has_time(number, 0 if number == 3 else 12, START + 1)
    return village


async def test_a_preview_agrees_with_the_next_round_and_changes_nothing(busy: World) -> None:
    village = busy
    async with here(village.settings) as one:
        await village.round_published(1)
        await village.sql.execute("UPDATE matching.control SET paused = true")
        await one.said("held")
        await village.has_time(3, 3, START + 1_000_000)
        async with one.asking(village.key) as http:

            async def seen() -> Any:
                return any(each["next_round"] for each in (await previewed(http, 3))["previewed"])

            await until(seen)
            before = await previewed(http, 3)
            assert await previewed(http, 3) == before, "to ask changes nothing"
        assert (await village.head())["n"] == 1
        told = len(await village.told())
        await village.sql.execute("UPDATE matching.control SET paused = false")
        await village.round_published(2)
    assert before["as_of"]["round"] == 1
    made = [data for _, data in await village.told() if data["round"] == 2]
    assert len(await village.told()) == told + len(made)
    mine = {"authority": AUTHORITY, "id": "p3"}
    decided = {
        (data["kind"], other["person"]["id"], *me["explanation"])
        for data in made
        for me, other in (data["members"], data["members"][::-1])
        if data["state"] == "made" and me["person"] == mine
    }
    expected = {
        (each["kind"], each["other"]["person"]["id"], *each["explanation"])
        for each in before["previewed"]
        if each["next_round"]
    }
    assert decided == expected != set()


async def test_the_best_come_first_as_many_as_asked_for_without_the_others_words(
    busy: World,
) -> None:
    village = busy
    async with here(village.settings) as one:
        await village.round_published(1)
        await village.sql.execute("UPDATE matching.control SET paused = true")
        await one.said("held")  # or a round comes between the two
        await village.has_time(3, 3, START + 1_000_000)
        async with one.asking(village.key) as http:
            seen = await previewed(http, 3)
            few = await previewed(http, 3, limit=2.0)  # which is the integer 2
    assert len(seen["previewed"]) > 2
    assert few["previewed"] == seen["previewed"][:2]
    for each in seen["previewed"]:
        assert each["other"]["explanation"] == []
        assert each["explanation"]
        assert not each["scores"].keys() & PRIVATE_SCORES, "they follow from answers"


async def test_who_could_be_suggested_nobody_is_told_why(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        who = subject(3)
        event = village.hand.event(member_key(who), "member.paused", MemberFact(who), START + 1)
        await village.hand.tell([event])
        async with one.asking(village.key) as http:

            async def paused() -> Any:
                return (await previewed(http, 3))["why"] == "paused"

            await until(paused)
            assert (await previewed(http, 3))["previewed"] == []


async def test_of_people_of_other_authorities_a_preview_tells_nothing_that_names_them(
    busy: World,
) -> None:
    village = busy
    everyone_else = [subject(n) for n in range(12) if n != 3]
    await village.sql.execute(
        "UPDATE vault.subjects SET authority = 'charity' WHERE subject = ANY($1)", everyone_else
    )
    async with here(village.settings) as one:
        await village.round_published(1)
        await village.has_time(3, 3, START + 1_000_000)
        async with one.asking(village.key) as http:

            async def seen() -> Any:
                return (await previewed(http, 3))["previewed"]

            await until(seen)
            found = await previewed(http, 3)
            stranger = await http.post("/v1/preview", json=asked(4))
    for each in found["previewed"]:
        told = {name for name, value in each["other"].items() if value not in (None, [])}
        assert told <= {"sector", "level", "direction"}
        assert each["explanation"] == each["they_can_give"] == each["mutual_contacts"] == []
    for words in ("lead of", "Leeds", "falls", *(f'"p{n}"' for n in range(12) if n != 3)):
        assert words not in json.dumps(found)
    assert stranger.status_code == 404


async def test_a_preview_asks_for_a_key_a_person_and_a_limit_in_bounds(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        async with one.asking("ctk_wrong") as http:
            assert (await http.post("/v1/preview", json=asked(3))).status_code == 401
        now = datetime.now(UTC)
        may = api_keys.allowed(scopes=["write"], now=now), api_keys.allowed(rate=0.01, now=now)
        writing, slow = [await api_keys.add(village.sql, PLATFORM, each, b"") for each in may]
        async with one.asking(str(writing)) as http:
            assert (await http.post("/v1/preview", json=asked(3))).status_code == 403
        async with one.asking(str(slow)) as http:
            found = [await http.post("/v1/preview", json=asked(3)) for _ in range(2)]
            assert [each.status_code for each in found] == [200, 429]
            assert int(found[1].headers["retry-after"]) > 1
        async with one.asking(village.key) as http:
            foreign = {"person": {"authority": "housing", "id": "p3"}}
            assert (await http.post("/v1/preview", json=foreign)).status_code == 404
            for wrong in ({}, asked(3, limit=0), asked(3, limit=51), asked(3, more=1)):
                assert (await http.post("/v1/preview", json=wrong)).status_code == 422
            much = (await http.post("/v1/preview", json=asked(3, limit=51))).json()["detail"]
            assert "/limit is 51, must be less than or equal to 50" in much
            assert "50" in much


async def test_nobody_waits_for_the_body_of_whom_it_does_not_know(village: World) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with here(village.settings) as one:
        await village.round_published(1)
        async with one.asking("ctk_wrong") as http, asyncio.timeout(30):
            answer = await http.post("/v1/preview", content=endless())
        assert answer.status_code == 401


async def test_too_many_previews_at_once_are_sent_away_with_a_time_to_come_back(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "_MOST_OF_ONE", 2)
    async with here(village.settings) as one:
        await village.round_published(1)
        async with one.asking(village.key) as http:
            await previewed(http, 3)  # all that is compiled is compiled
            found = await asyncio.gather(
                *(http.post("/v1/preview", json=asked(n % 12)) for n in range(20))
            )
    assert {each.status_code for each in found} == {200, 503}
    away = [each for each in found if each.status_code == 503]
    assert all(each.headers["retry-after"] == "1" for each in away)
    assert {each.json()["detail"] for each in away} == {
        "too many previews at once: 2 of 2 are in hand; try again"
    }


async def test_before_the_first_round_there_is_nothing_to_go_by(village: World) -> None:
    await village.sql.execute("UPDATE matching.control SET paused = true")
    async with here(village.settings) as one:
        await one.said("held")
        async with one.asking(village.key) as http:

            async def read() -> Any:
                return (await http.post("/v1/preview", json=asked(3))).json()["detail"] == (
                    "no round was decided yet; try again"
                )

            await until(read)
