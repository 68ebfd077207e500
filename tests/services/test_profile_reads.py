"""What profile answers over HTTP, and to whom."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from crosstie import api_keys
from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.map import map_of
from crosstie.network.state import member_key
from crosstie.runtime import database as runtime_database
from crosstie.runtime.auth import Keys
from services.profile import reads, sql
from services.profile.reads import Reads
from services.profile.routes import routes
from tests.line import between
from tests.profile_log import ALMA, CHIDI
from tests.services.profile_reading import (
    NOON_US,
    about,
    asking,
    fill,
    key_of,
    met,
    reading,
    store,
)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
    await fill(database)
    async with reading(database) as pool:
        yield pool


@pytest.fixture
async def http(pool: asyncpg.Pool[Any], database: str) -> AsyncIterator[httpx.AsyncClient]:
    async with asking(Keys(pool), pool, await key_of(database)) as client:
        yield client


async def test_a_person_is_shown_as_their_events_say(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/members/nhs/alma")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["person"] == {"authority": "nhs", "id": "alma"}
    assert (shown["sector"], shown["level"], shown["eligible"]) == ("nursing", 3, True)
    assert shown["needs"] == [{"item": "n1", "text": "a van"}]


async def test_a_manager_of_another_authority_is_not_named(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/members/nhs/alma")).json()["reports_to"] is None


@pytest.mark.parametrize("path", ["", "/map"])
@pytest.mark.parametrize("who", ["homes/boris", "nhs/nobody", "nowhere/alma"])
async def test_people_of_others_are_as_unknown_as_nobody(
    http: httpx.AsyncClient, who: str, path: str
) -> None:
    answer = await http.get(f"/v1/members/{who}{path}")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "nobody of your authorities is known by that name"}


@pytest.mark.parametrize("path", ["", "/map"])
async def test_without_a_key_there_is_no_answer(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(f"/v1/members/nhs/alma{path}", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


async def test_the_map_shows_contacts_of_others_by_role_and_sector_only(
    http: httpx.AsyncClient,
) -> None:
    shown = (await http.get("/v1/members/nhs/alma/map")).json()
    (contact,) = shown["contacts"]
    assert contact["who"] == {"person": None, "role": "warden", "sector": "housing", "level": None}
    assert contact["strength"] == 1.0
    assert contact["last_contact"] == "2025-10-09T08:53:20Z"


async def test_the_map_says_who_is_missing_and_through_whom(http: httpx.AsyncClient) -> None:
    shown = (await http.get("/v1/members/nhs/alma/map")).json()
    (prison,) = shown["missing_sectors"]
    assert (prison["sector"], prison["people"]) == ("prison", 1)
    (way,) = prison["ways"]
    assert way["through"]["role"] == "warden"
    assert [each["level"] for each in shown["missing_levels"]] == [6]


async def test_until_postgresql_is_reached_the_answer_is_503() -> None:
    api = FastAPI()
    routes(api, Keys(), Reads("wall"))
    key = str(api_keys.new_key())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api), base_url="http://profile"
    ) as client:
        answer = await client.get(
            "/v1/members/nhs/alma", headers={"Authorization": f"Bearer {key}"}
        )
    assert answer.status_code == 503
    assert "Retry-After" in answer.headers
    assert answer.json() == {"detail": "keys cannot be looked up now; try again"}


async def test_while_postgresql_is_silent_the_answer_is_503(
    database: str, pool: asyncpg.Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime_database, "SOON_SECONDS", 0.5)
    async with (
        between(database) as line,
        asyncpg.create_pool(line.url, min_size=1) as asked,
        asking(Keys(pool), asked, await key_of(database)) as http,
    ):
        assert (await http.get("/v1/members/nhs/alma")).status_code == 200
        line.silent = True
        for path in ("", "/map"):
            answer = await http.get(f"/v1/members/nhs/alma{path}")
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
            assert answer.json() == {"detail": "PostgreSQL does not answer now; ask again"}
        line.silent = False
        assert (await http.get("/v1/members/nhs/alma")).status_code == 200


async def test_however_many_ask_at_once_people_are_counted_once(
    database: str, pool: asyncpg.Pool[Any]
) -> None:
    asked: list[str] = []

    async def listen(connection: Any) -> None:
        connection.add_query_logger(lambda each: asked.append(each.query))

    async with (
        asyncpg.create_pool(database, init=listen) as logged,
        asking(Keys(pool), logged, await key_of(database)) as http,
    ):
        answers = await asyncio.gather(*(http.get("/v1/members/nhs/alma/map") for _ in range(8)))
    assert {each.status_code for each in answers} == {200}
    assert asked.count(sql.POPULATION) == 1


class Watched(asyncpg.Connection):
    """Notes how much goes over the line at once: names asked for, and rows answered."""

    most = 0

    async def fetch(self, query: str, *arguments: Any, **more: Any) -> list[Any]:
        rows: list[Any] = await super().fetch(query, *arguments, **more)
        asked = (len(each) for each in arguments if isinstance(each, list))
        Watched.most = max(Watched.most, len(rows), *asked, 0)
        return rows


async def test_a_hub_is_read_in_pages_and_its_map_is_the_same(
    database: str, pool: asyncpg.Pool[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [f"{letter}{n:015d}" for letter in "0Z" for n in range(7)]  # before ALMA, and after
    met_by = [met(ALMA, each) for n, each in enumerate(others) for _ in range(n % 3 + 1)]
    described = [
        about(each, "member.described", f.Described(each, sector=f"sector {n % 5}"))
        for n, each in enumerate(others)
    ]
    connection = await asyncpg.connect(database)
    await store(connection, [*met_by, *described])
    await connection.close()
    key = await key_of(database)
    monkeypatch.setattr(reads, "MOST_CONTACTS", 1)  # whose ties are bounded anyway
    async with asking(Keys(pool), pool, key) as http:
        whole = (await http.get("/v1/members/nhs/alma/map")).json()
    monkeypatch.setattr(reads, "PAGE", 4)
    monkeypatch.setattr(Watched, "most", 0)
    async with (
        asyncpg.create_pool(database, min_size=1, connection_class=Watched) as watched,
        asking(Keys(pool), watched, key) as http,
    ):
        paged = (await http.get("/v1/members/nhs/alma/map")).json()
    assert paged == whole
    assert len(whole["contacts"]) == len(others) + 1, "with Boris"
    assert Watched.most == 4


async def test_while_maps_are_drawn_others_are_answered_and_a_platform_has_so_many(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*arguments: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return map_of(*arguments)

    monkeypatch.setattr(reads, "map_of", slowly)
    path = "/v1/members/nhs/alma"
    one_too_many = reads.MOST_MAPS_OF_ONE + 1
    maps = [asyncio.create_task(http.get(f"{path}/map")) for _ in range(one_too_many)]
    answered, waiting = await asyncio.wait(maps, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    (turned_away,) = [each.result() for each in answered]
    assert (turned_away.status_code, "Retry-After" in turned_away.headers) == (429, True)
    assert await asyncio.to_thread(begun.wait, 60)
    assert (await http.get(path)).status_code == 200
    go_on.set()
    assert {(await each).status_code for each in waiting} == {200}
    assert (await http.get(f"{path}/map")).status_code == 200


async def test_a_made_up_contact_tells_nothing_about_people_of_others_who_never_consented(
    http: httpx.AsyncClient, database: str
) -> None:
    subject = "E" * 16
    stranger = Event(
        "p",
        "1",
        "org.crosstie.member.described.v1",
        NOON_US,
        member_key(subject),
        f.Described(subject, sector="police", role="inspector", level=6, organisation="Force"),
    )
    about_her = {"person": None, "role": None, "sector": None, "level": None}
    connection = await asyncpg.connect(database)
    await store(connection, [stranger, met(CHIDI, subject)])
    await connection.close()
    shown = (await http.get("/v1/members/nhs/chidi/map")).json()
    assert about_her in [each["who"] for each in shown["contacts"]]
    assert "police" not in str(shown)
    assert {each["level"] for each in shown["levels"]} == {None}


async def test_colleagues_of_the_platforms_own_are_shown_before_they_consent(
    http: httpx.AsyncClient, database: str
) -> None:
    connection = await asyncpg.connect(database)
    withdrawn = about(CHIDI, "consent.withdrawn", f.MemberFact(CHIDI))
    described = about(CHIDI, "member.described", f.Described(CHIDI, sector="prison"))
    await connection.execute("DELETE FROM profile.members WHERE subject = $1", CHIDI)
    await store(connection, [withdrawn, described, met(ALMA, CHIDI)])
    await connection.close()
    shown = (await http.get("/v1/members/nhs/alma/map")).json()
    assert {each["who"]["sector"] for each in shown["contacts"]} == {"housing", "prison"}
