"""matching: when a round opens, for whom, and what holds it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crosstie.matching.base import Base, decode
from crosstie.network.facts import Blocking
from crosstie.network.state import tie_key
from crosstie.runtime.stack import Stack
from services.matching import bases, leadership, solver
from tests.services.matching_running import here
from tests.services.matching_world import (
    START,
    World,
    change,
    pair_of,
    settings_of,
    state_of,
    until,
    world,
)
from tests.services.network_hand import joins, meets, partition_of, subject

DAY = 86_400_000_000


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
    assert max(each.people for each in bodies) >= 2 * min(each.people for each in bodies)


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


async def test_no_round_opens_on_a_network_that_is_ahead_of_the_log(village: World) -> None:
    """Such a mark is none of profile's; were a round to note it, no later one could open."""
    hand, strange = village.hand, 0
    turn = next(n for n in range(1, 100) if partition_of(tie_key(*ring(n))) != strange)
    async with here(village.settings) as one:
        await village.round_published(1)
        end = hand.ends.get(strange, 0)
        hand.ends[strange] = hand.logged[strange] = 10**9
        await village.mark(strange)
        await change(village, turn)
        assert "ahead of the log" in (await one.said("held"))["reason"]
        hand.ends[strange] = hand.logged[strange] = end
        await village.mark(strange)
        await village.round_published(2)


def ring(turn: int) -> tuple[str, str]:
    """Whom `change` lets meet."""
    return subject(turn), subject(turn + 4)


async def test_rounds_are_held_while_profile_is_far_behind(
    stack: Stack, topic_prefix: str, database: str
) -> None:
    settings = settings_of(stack, topic_prefix, database, hold_lag_events=10)
    async with world(settings) as village:
        await village.village(6)
        hand = village.hand
        await hand.log_up_to(0, 41)
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
    monkeypatch.setattr(solver, "LARGE", 0)
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
