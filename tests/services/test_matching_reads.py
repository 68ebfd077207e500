"""matching: what platforms read of suggestions and rounds, and what they cannot tell from it."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import httpx
import pytest

from crosstie.errors import DatabaseAway
from crosstie.network.facts import Blocking, MemberFact
from crosstie.network.state import member_key, tie_key
from services.matching import reads
from tests.services.matching_running import here
from tests.services.matching_world import AUTHORITY, START, World, pair_of, state_of, told_of, until
from tests.services.network_hand import answers, subject

SUMMARY = "SELECT summary FROM matching.rounds WHERE n = $1"


async def test_a_member_reads_what_stands_for_them(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        data = (await village.told())[0][1]
        mine, other = data["members"]
        async with one.asking(village.key) as http:
            person = mine["person"]["id"]
            answer = await http.get(f"/v1/members/{AUTHORITY}/{person}/suggestions")
            rounds = await http.get("/v1/rounds")
    found = {each["suggestion"]: each for each in answer.json()["suggestions"]}
    seen = found[data["suggestion"]]
    assert seen["explanation"] == mine["explanation"]
    assert seen["other"]["person"] == other["person"]
    assert seen["other"]["explanation"] == [], "the other's words are the other's"
    assert (seen["direction"], seen["they_can_give"]) == (mine["direction"], other["can_give"])
    assert [each["n"] for each in rounds.json()["rounds"]] == [1]
    assert rounds.json()["rounds"][0]["counts"]["made"] == len(await village.told())


async def test_while_postgresql_is_silent_who_reads_is_told_so_and_when_to_ask_again(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: object) -> NoReturn:
        raise DatabaseAway("TimeoutError: ")

    async with here(village.settings) as one, one.asking(village.key) as http:
        await until(lambda: _answers(http, 200))
        monkeypatch.setattr(reads, "soon", silent)
        answer = await http.get("/v1/rounds")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json() == {"detail": "PostgreSQL does not answer now; ask again"}


async def _answers(http: httpx.AsyncClient, status: int) -> bool:
    return (await http.get("/v1/rounds")).status_code == status


async def test_the_other_sides_acceptance_changes_nothing_in_what_one_reads(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        data = (await village.told())[0][1]
        suggestion, pair = data["suggestion"], await pair_of(village, data["suggestion"])
        async with one.asking(village.key) as http:
            before = await read_by(http, village, pair[0], suggestion)
            accept = answers(village.hand, suggestion, pair[1], pair, "accepted", START + 1_000_000)
            await village.hand.tell([accept])
            await village.round_published(2)
            after = await read_by(http, village, pair[0], suggestion)
            theirs = await read_by(http, village, pair[1], suggestion)
            rounds = (await http.get("/v1/rounds")).json()["rounds"]
    assert before == after
    assert (after["seq"], after["accepted_by_you"], theirs["accepted_by_you"]) == (1, False, True)
    assert "accepted" not in rounds[0]["counts"]


@pytest.mark.parametrize("cause", ["declined", "blocked", "paused"])
async def test_who_reads_rounds_cannot_tell_what_ended_a_suggestion(
    village: World, cause: str
) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        suggestion = (await village.told())[0][1]["suggestion"]
        pair = await pair_of(village, suggestion)
        hand, at = village.hand, START + 1_000_000
        ends = {
            "declined": answers(hand, suggestion, pair[1], pair, "declined", at),
            "blocked": hand.event(tie_key(*pair), "member.blocked", Blocking(pair, pair[1]), at),
            "paused": hand.event(member_key(pair[1]), "member.paused", MemberFact(pair[1]), at),
        }
        await hand.tell([ends[cause]])
        await village.round_published(2)
        async with one.asking(village.key) as http:
            round = (await http.get("/v1/rounds?limit=1")).json()["rounds"][0]
    assert round["counts"].keys() <= {"made", "closed"}
    assert not [name for name in round["notes"] if name.startswith(("settled.", "ignored."))]
    assert cause not in str(round)
    assert (await told_of(village, suggestion))[-1]["state"] == "closed"
    stored = json.loads(await village.sql.fetchval(SUMMARY, 2))
    assert any(cause in each for each in stored["counts"]), "operators see the cause"


@pytest.mark.parametrize("gone", ["member.left", "consent.withdrawn", "member.paused"])
async def test_whoever_went_is_read_of_no_more_though_no_round_settled_it(
    village: World, gone: str
) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        suggestion = (await village.told())[0][1]["suggestion"]
        reader, leaver = await pair_of(village, suggestion)
        # as if another led
        await village.sql.execute("UPDATE matching.head SET digest = 'another'")
        event = village.hand.event(member_key(leaver), gone, MemberFact(leaver), START + 1)
        async with one.asking(village.key) as http:
            assert await read_by(http, village, reader, suggestion)
            await village.hand.tell([event])

            async def not_read() -> bool:
                return not await read_by(http, village, reader, suggestion)

            await until(not_read)
    assert await state_of(village, suggestion) == "open", "no round settled it"


async def read_by(http: httpx.AsyncClient, village: World, who: str, suggestion: str) -> Any:
    """The suggestion as `who` reads it, None where they do not."""
    id = await village.sql.fetchval(
        "SELECT external_id FROM vault.subjects WHERE subject = $1", who
    )
    answer = await http.get(f"/v1/members/{AUTHORITY}/{id}/suggestions")
    found = {each["suggestion"]: each for each in answer.json()["suggestions"]}
    return found.get(suggestion)


async def test_people_of_other_authorities_are_counted_and_not_named(village: World) -> None:
    charity = [subject(n) for n in range(1, 12, 2)]
    await village.sql.execute(
        "UPDATE vault.subjects SET authority = 'charity' WHERE subject = ANY($1)", charity
    )
    async with here(village.settings) as one:
        await village.round_published(1)
        async with one.asking(village.key) as http:
            read = [
                each
                for n in range(0, 12, 2)
                for each in (await http.get(f"/v1/members/{AUTHORITY}/p{n}/suggestions")).json()[
                    "suggestions"
                ]
            ]
    told = [data for _, data in await village.told()]
    assert read
    for each in (*told, *read):
        assert {person["authority"] for person in each["mutual_contacts"]} <= {AUTHORITY}
    nameless = [each for each in told if not each["mutual_contacts"]]
    sentences = [line for each in nameless for line in each["members"][0]["explanation"]]
    assert "You both know someone." in sentences


async def test_reads_need_a_key_of_a_platform_of_that_authority(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        async with one.asking(village.key) as http:
            for unknown in ("housing/p1", f"{AUTHORITY}/nobody"):
                answer = await http.get(f"/v1/members/{unknown}/suggestions")
                assert answer.status_code == 404
                assert answer.json()["detail"].startswith("nobody of your authorities is known")
            assert (await http.get("/v1/rounds?limit=0")).status_code == 422
            assert (await http.get("/openapi.json")).status_code == 200
        async with one.asking("ctk_wrong") as http:
            refused = await http.get("/v1/rounds")
            assert (refused.status_code, "www-authenticate" in refused.headers) == (401, True)
