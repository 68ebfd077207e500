"""matching: from rows in `network.v1` to records on a platform's topic, and back."""

from __future__ import annotations

import asyncio

from crosstie import api_keys, registry
from crosstie.matching.record import digest
from crosstie.network.facts import Availability, MemberFact
from crosstie.network.state import member_key
from crosstie.runtime.admin import create_topics
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from tests.services.matching_running import here, replica
from tests.services.matching_world import (
    AUTHORITY,
    START,
    World,
    pair_of,
    state_of,
    there_and_back,
    told_of,
    until,
)
from tests.services.network_hand import answers, joins, meets, subject

DAY = 86_400_000_000


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
