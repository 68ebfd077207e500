"""matching: from rows in `network.v1` to records on a platform's topic, and back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crosstie import api_keys, registry
from crosstie.matching import flows
from crosstie.matching.base import Base, decode
from crosstie.matching.record import digest
from crosstie.network.facts import Availability, Blocking, MemberFact
from crosstie.network.state import member_key, tie_key
from crosstie.runtime.admin import create_topics
from crosstie.runtime.stack import Stack
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from services.matching import app, bases, leadership
from tests.services.matching_world import (
    AUTHORITY,
    START,
    World,
    answers,
    here,
    joins,
    meets,
    replica,
    settings_of,
    subject,
    there_and_back,
    until,
    world,
)

DAY = 86_400_000_000
SUMMARY = "SELECT summary FROM matching.rounds WHERE n = $1"


@pytest.fixture
async def village(stack: Stack, topic_prefix: str, database: str) -> AsyncIterator[World]:
    async with world(settings_of(stack, topic_prefix, database)) as made:
        await made.village(12)
        yield made


async def pair_of(village: World, suggestion: str) -> tuple[str, str]:
    members = await village.sql.fetchval(
        "SELECT members FROM matching.suggestions WHERE id = $1", suggestion
    )
    return tuple(members)


async def state_of(village: World, suggestion: str) -> str:
    return str(
        await village.sql.fetchval(
            "SELECT state FROM matching.suggestions WHERE id = $1", suggestion
        )
    )


async def told_of(village: World, suggestion: str) -> list[dict[str, Any]]:
    return [data for _, data in await village.told() if data["suggestion"] == suggestion]


async def test_the_first_round_serves_everyone_and_reaches_the_platform(village: World) -> None:
    async with replica(village.settings) as one:
        await village.round_published(1)
        assert (await one.said("round"))["full"] is True
        assert await one.stop() == 0
    (first,) = await village.rounds()
    assert digest(first) == first.digest
    assert first.offsets == tuple(village.hand.ends.get(p, 0) for p in range(12))
    told = await village.told()
    assert {data["suggestion"] for _, data in told} == {
        change.suggestion.id for change in first.changes
    }
    for headers, data in told:
        SuggestionChanged.model_validate_json(
            SuggestionChanged.model_validate(data, strict=False).model_dump_json()
        )
        assert headers["ce_type"] == SUGGESTION_TYPES["made"]
        assert headers["ce_id"] == f"{data['suggestion']}/1"
        assert headers["ce_source"] == "crosstie/test"
        assert all(each["explanation"] for each in data["members"])


async def test_nothing_of_a_published_round_stays_in_the_outbox(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
    assert await village.sql.fetchval("SELECT count(*) FROM matching.outbox") == 0


async def test_a_later_round_serves_those_who_changed(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        await village.hand.tell([meets(village.hand, 3, 8, START + 1_000_000)])
        await village.round_published(2)
        line = await one.said("round", 2)
    assert (line["full"], line["served"]) == (False, 2)
    assert line["notes"]["served"] == 2


async def test_a_row_that_comes_back_as_it_was_opens_no_round(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        await there_and_back(village, member_key(subject(7)))
        await village.hand.tell([meets(village.hand, 3, 8, START + 1_000_000)])
        await village.round_published(2)
        assert [line["served"] for line in one.logged("round")] == ["everyone", 2]


async def test_an_acceptance_shows_once_both_accepted(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
        suggestion = (await village.told())[0][1]["suggestion"]
        one, other = await pair_of(village, suggestion)
        for turn, by in enumerate((one, other), 1):
            at = START + turn * 1_000_000
            await village.hand.tell(
                [answers(village.hand, suggestion, by, (one, other), "accepted", at)]
            )
            await village.round_published(1 + turn)
    assert await state_of(village, suggestion) == "accepted"
    told = await told_of(village, suggestion)
    assert [(each["state"], each["seq"]) for each in told] == [("made", 1), ("accepted", 2)]


async def test_a_decline_shows_as_closed_without_a_word_of_who(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
        suggestion = (await village.told())[0][1]["suggestion"]
        pair = await pair_of(village, suggestion)
        await village.hand.tell(
            [answers(village.hand, suggestion, pair[1], pair, "declined", START + 1_000_000)]
        )
        await village.round_published(2)
    assert await state_of(village, suggestion) == "declined"
    closed = (await told_of(village, suggestion))[-1]
    assert (closed["state"], closed["seq"]) == ("closed", 2)
    assert closed["members"][0].keys() == closed["members"][1].keys()
    assert not any(each["explanation"] or each["can_give"] for each in closed["members"])


async def test_what_is_told_of_the_erased_names_nobody(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
        data = (await village.told())[0][1]
        gone, _ = await pair_of(village, data["suggestion"])
        await village.sql.execute("DELETE FROM vault.subjects WHERE subject = $1", gone)
        erased = village.hand.event(member_key(gone), "member.erased", MemberFact(gone), START + 1)
        await village.hand.tell([erased])
        await village.round_published(2)
    last = (await told_of(village, data["suggestion"]))[-1]
    assert last["state"] == "closed"
    assert sorted(each["person"] is None for each in last["members"]) == [False, True]
    assert last["members"][0]["sector"] is None is last["members"][1]["sector"]


async def test_time_alone_expires_what_nobody_answered(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
        some = (await village.told())[0][1]["suggestion"]
        # the log's clock moves with an event about people who change nothing
        await village.people([99])
        late = START + 100 * DAY
        await village.hand.tell(
            joins(village.hand, 99, late, available=Availability(subject(99), 0))
        )
        await village.round_published(2)
    assert await state_of(village, some) == "expired"


async def test_a_platform_added_later_is_told_of_what_is_made_from_then_on(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
        await asyncio.to_thread(
            create_topics,
            village.settings.brokers,
            village.settings.topics.of_platform("academy"),
        )
        await api_keys.register(
            village.sql, registry.checked("academy", ["https://academy.example"], [AUTHORITY]), b""
        )
        old = (await village.told())[0][1]["suggestion"]
        pair = await pair_of(village, old)
        decline = answers(village.hand, old, pair[0], pair, "declined", START + 1_000_000)
        await village.people([50, 51])
        newcomers = [e for n in (50, 51) for e in joins(village.hand, n, START + 1_000_000)]
        await village.hand.tell([decline, *newcomers])

        async def heard() -> bool:
            return bool(await village.told("academy"))

        await until(heard)
    made = {data["suggestion"] for _, data in await village.told("academy")}
    assert old not in made
    assert made <= {data["suggestion"] for _, data in await village.told()}


async def test_rounds_wait_while_paused(village: World) -> None:
    await village.sql.execute("UPDATE matching.control SET paused = true")
    async with here(village.settings) as one:
        assert (await one.said("held"))["reason"] == "paused"
        assert (await village.head())["n"] == 0
        await village.sql.execute("UPDATE matching.control SET paused = false")
        await village.round_published(1)


async def test_a_full_round_on_demand(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        await village.sql.execute("UPDATE matching.control SET full_wanted = full_wanted + 1")
        await village.round_published(2)
        assert (await one.said("round", 2))["full"] is True
    assert (await village.head())["n"] == 2, "one request, one round"


async def test_a_full_round_is_due_after_a_day_of_the_rounds_own_time(village: World) -> None:
    async with here(village.settings) as one:
        await village.round_published(1)
        for turn, days in ((2, 0.9), (3, 1.1)):
            at = START + int(days * DAY)
            await village.hand.tell([meets(village.hand, turn, turn + 4, at)])
            await village.round_published(turn)
        await one.said("round", 3)
        assert [line["full"] for line in one.logged("round")] == [True, False, True]


async def test_a_base_that_the_network_outgrew_is_replaced_by_a_full_round(
    stack: Stack, topic_prefix: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "_GROWTH_SECONDS", 0.1)
    monkeypatch.setattr(bases, "_REST", 0)
    settings = settings_of(stack, topic_prefix, database, base_delay_seconds=0)
    async with world(settings) as village:
        await village.village(2)
        async with here(settings) as one:
            await one.said("base fitted")
            await village.people(range(2, 14))
            await village.hand.tell(
                [event for n in range(2, 14) for event in joins(village.hand, n, START + n)]
            )

            async def full_again() -> bool:
                return [line["full"] for line in one.logged("round")].count(True) > 1

            await until(full_again)
        kept = {each.base for each in await village.rounds()}
        bodies = [await base_of(village, digest) for digest in kept]
    assert max(each.people for each in bodies) > 2 * min(each.people for each in bodies)


async def base_of(village: World, digest: str) -> Base:
    body = await village.sql.fetchval("SELECT body FROM matching.bases WHERE digest = $1", digest)
    return decode(body)


async def test_no_round_opens_on_a_network_older_than_the_last_round_saw(village: World) -> None:
    async with here(village.settings):
        await village.round_published(1)
    partition = max(village.hand.ends, key=lambda each: village.hand.ends[each])
    village.hand.ends[partition] -= 1
    await village.mark(partition)
    async with here(village.settings) as one:
        assert (await one.said("held"))["reason"] == "network.v1 is behind the last round"
        village.hand.ends[partition] += 1
        await village.mark(partition)
        await village.round_published(2)


async def test_rounds_are_held_while_profile_is_far_behind(
    stack: Stack, topic_prefix: str, database: str
) -> None:
    settings = settings_of(stack, topic_prefix, database, hold_lag_events=10)
    async with world(settings) as village:
        await village.village(6)
        events, hand = settings.topics.events.name, village.hand
        await hand.producer.begin_transaction()
        for _ in range(40):
            await hand.producer.send(events, b"{}", b"member/X", partition=0)
        await hand.producer.commit_transaction()
        hand.ends[0] = 0
        await village.mark(0)
        async with here(settings) as one:
            held = await one.said("held")
            assert held["reason"] == "profile is far behind the log"
            hand.ends[0] = 41
            await village.mark(0)
            await village.round_published(1)


async def test_what_happened_settles_while_no_assignment_is_found(
    village: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A solver that is killed, as for want of memory, holds the rounds that need it, not the service."""
    short, python = tmp_path / "short-of-memory", tmp_path / "python"
    python.write_text(
        f"#!/bin/sh\n[ -e {short} ] && kill -9 $$\nexec {sys.executable} $@\n", "ascii"
    )
    python.chmod(0o700)
    async with here(village.settings):
        await village.round_published(1)
    suggestion = (await village.told())[0][1]["suggestion"]
    one, other = await pair_of(village, suggestion)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(flows, "LARGE", 0)
    monkeypatch.setattr(app, "warm", lambda: None)  # it solves something, too
    monkeypatch.setattr(leadership, "FIRST_REST_SECONDS", 5.0)
    monkeypatch.setattr(leadership, "LONGEST_REST_SECONDS", 5.0)
    short.touch()
    hand, at = village.hand, START + 1_000_000
    await village.people(range(12, 24))
    news = [event for n in range(12, 24) for event in joins(hand, n, at)]
    news += [meets(hand, n - 1, n, at + n) for n in range(12, 24)]
    wish = Blocking((one, other), other)
    await hand.tell([*news, hand.event(tie_key(one, other), "member.blocked", wish, at)])
    async with here(village.settings) as leader:
        failed = await leader.said("round not decided")
        assert "was killed by signal 9" in failed["reason"]
        assert "found no assignment" in (await leader.said("held"))["reason"]
        assert (await leader.said("round"))["settle_only"] is True
        assert await state_of(village, suggestion) == "withdrawn"
        short.unlink()
        assert (await leader.said("round", 2))["full"] is True


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
