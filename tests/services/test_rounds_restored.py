"""`crosstie rounds restore`: a topic of rounds that was lost is what it was, by one who alone may write."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from crosstie.errors import DatabaseAway, Fenced, LogGap, Misconfigured
from crosstie.runtime.service import Running
from services.matching import restoring
from services.matching.lease import Lease
from services.matching.publishing import Publisher
from services.matching.restoring import Restored, restored
from services.matching.store import Store
from services.matching.written import Decision, Image
from tests.services.matching_rounds import make_again, recorded, rivals, round_after, round_one
from tests.services.matching_running import replica
from tests.services.matching_world import PLATFORM, World, all_of, change, check_history
from tests.services.test_rounds_command import as_json, ran

HOUR_US = 3_600_000_000
MANY = {f"n{each}": each for each in range(60_000)}  # so many notes are of two records
END_ITS_SESSION = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'crosstie-matching-leader' AND datname = current_database()
"""


async def records(village: World) -> list[tuple[bytes, str, Any]]:
    """What the topic of rounds holds; of values, which are long, their digests."""
    found = await all_of(village.settings, village.settings.topics.rounds.name)
    return [(each.key, sha256(each.value).hexdigest(), tuple(each.headers)) for each in found]


async def lost(village: World) -> tuple[list[Decision], list[tuple[bytes, str, Any]]]:
    """Three rounds whose topic was made again, and its records before."""
    first = round_one(village)
    third = round_after(village, second := round_after(village, first, MANY))
    async with rivals(village) as (store, leader, _):
        for each in (first, second, third):
            await store.commit(each)
        await leader.publish(3)
    before = await records(village)
    assert len(before) == 4
    await make_again(village)
    return [first, second, third], before


async def test_a_topic_that_was_made_again_holds_what_it_held_and_matching_leads_on(
    village: World,
) -> None:
    async with replica(village.settings):
        await village.round_published(1)
        await change(village, 1)
        await village.round_published(2)
    before = await records(village)
    await make_again(village)
    assert await as_json(village, "restore") == {"before": 0, "now": 2}
    assert await records(village) == before
    assert await ran(village, "restore") == (
        "nothing was lacking; the topic held 2 before, and holds 2 now\n"
    )
    async with replica(village.settings):
        await change(village, 2)
        await village.round_published(3)
    await check_history(village)
    for round in await village.rounds():  # by the wall clock, whatever the time of the log
        assert abs(round.delivery_at - time.time_ns() // 1_000) < HOUR_US


async def test_a_topic_that_lacks_its_last_rounds_is_gone_on_with_in_whole_rounds(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "_ROUNDS_AT_ONCE", 2)
    monkeypatch.setattr(restoring, "_BYTES_AT_ONCE", 1)
    (first, *_), before = await lost(village)
    for topic, each in recorded(village, first.round):
        await village.hand.log.send_and_wait(topic, each.value, each.key)
    assert await restored(village.settings) == Restored(1, 3)
    assert await records(village) == before


async def test_while_somebody_leads_nothing_is_written(village: World) -> None:
    await lost(village)
    leader = Lease(village.settings)
    assert await leader.tried()
    with pytest.raises(Misconfigured, match="a replica of matching leads, for 0 s already: stop"):
        await restored(village.settings, patience_seconds=0)
    assert await records(village) == []
    leader.drop()
    assert await restored(village.settings) == Restored(0, 3)


async def test_a_topic_with_other_rounds_is_left_as_it_is(village: World) -> None:
    (_, _, third), _ = await lost(village)
    for topic, each in recorded(village, third.round):
        await village.hand.log.send_and_wait(topic, each.value, each.key)
    there = await records(village)
    with pytest.raises(Misconfigured, match="something else than round 1 at offset 0; PostgreSQL"):
        await restored(village.settings)
    assert await records(village) == there


async def test_a_table_that_lacks_a_round_restores_none(village: World) -> None:
    await lost(village)
    await village.sql.execute("DELETE FROM matching.rounds WHERE n = 3")
    with pytest.raises(LogGap, match="ends at round 2, not at that of the head, 3; restore it"):
        await restored(village.settings)
    assert await records(village) == []


async def test_a_leader_who_has_not_noticed_writes_no_more(village: World) -> None:
    async with rivals(village) as (store, leader, _):
        await store.commit(first := round_one(village))
        await leader.publish(1)
        await make_again(village)
        assert await restored(village.settings) == Restored(0, 1)
        await store.commit(round_after(village, first))
        with pytest.raises(Fenced):
            await leader.publish(2)
    assert [each.n for each in await village.rounds()] == [1]


async def test_whoever_takes_over_meanwhile_ends_it(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lost(village)
    look = restoring.continued
    async with asyncpg.create_pool(village.settings.database_url.get_secret_value()) as pool:
        successor = Publisher(village.settings, Store(pool), Running())

        async def taken_over(*given: Any) -> int:
            with pytest.raises(LogGap, match="ends at round 0, but 3 were published"):
                await successor.take_over()
            return await look(*given)

        monkeypatch.setattr(restoring, "continued", taken_over)
        with pytest.raises(Fenced):
            await restored(village.settings)
    assert await records(village) == []


async def test_without_the_lock_it_does_not_go_on(
    village: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lost(village)
    begun = asyncio.Event()

    async def standing(*_: object) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(restoring, "continued", standing)
    work = asyncio.create_task(restored(village.settings))
    await begun.wait()
    await village.sql.execute(END_ITS_SESSION)
    with pytest.raises(DatabaseAway, match="keeps replicas of matching from leading is lost"):
        await work
    assert await records(village) == []


async def test_a_round_that_is_not_out_goes_out_with_what_platforms_are_told(
    village: World,
) -> None:
    told = village.settings.topics.suggestions(PLATFORM).name
    async with rivals(village) as (store, leader, successor):
        await store.commit(first := round_one(village))
        await leader.publish(1)
        await make_again(village)
        second = round_after(village, first)
        images = (Image(told, b"s", (), b"{}"), *second.images)
        await store.commit(replace(second, images=images))
        assert await restored(village.settings) == Restored(0, 1)
        await successor.take_over()
    assert [each.n for each in await village.rounds()] == [1, 2]
    assert len(await all_of(village.settings, told)) == 1
