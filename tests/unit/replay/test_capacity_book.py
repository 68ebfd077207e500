"""Capacity, counted anew from rounds and availability."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from msgspec import structs

from crosstie.matching.model import Change
from crosstie.matching.policy import DEFAULT
from crosstie.replay.capacity import Capacity
from tests.unit.replay.world import ANN, BOB, CID, EVE, World, made, rounds, suggestion

POLICIES = {"p": DEFAULT}
PAIRS = {"s1": (ANN, BOB), "s2": (ANN, CID), "s3": (ANN, EVE), "s4": (ANN, BOB)}


@pytest.fixture
def world() -> World:
    world = World()
    world.join(ANN, BOB, CID, EVE)
    return world


def differences(
    world: World,
    *changes: tuple[Change, ...],
    unknown: Collection[str] = (),
) -> tuple[str, ...]:
    capacity = Capacity(POLICIES)
    rows = world.replay().rows
    for round in rounds(*changes):
        capacity.check(round, rows, unknown)
    return capacity.audit.closed().differences


def introduced(*ids: str) -> tuple[Change, ...]:
    return made(*(suggestion(id, PAIRS[id]) for id in ids))


def test_as_many_as_the_weekly_rate_are_within_it(world: World) -> None:
    assert differences(world, introduced("s1", "s2")) == ()


def test_one_more_than_the_weekly_rate_is_named(world: World) -> None:
    assert differences(world, introduced("s1", "s2", "s3")) == (
        f"round 1: {ANN} has 3 open and 3 made in 7 days, of 2 a week",
    )


def test_a_declined_one_still_counts_for_the_week(world: World) -> None:
    declined = structs.replace(suggestion("s1", PAIRS["s1"]), state="declined", seq=2)
    found = differences(
        world, introduced("s1", "s2"), (Change(declined, "declined"), *_in_round(2, "s3"))
    )
    assert found == (f"round 2: {ANN} has 2 open and 3 made in 7 days, of 2 a week",)


def test_who_lowered_their_rate_is_not_given_more(world: World) -> None:
    world.say("availability.set", ANN, introductions_per_week=0)
    assert differences(world, introduced("s1")) == (
        f"round 1: {ANN} has 1 open and 1 made in 7 days, of 0 a week",
    )


def test_a_mentor_with_one_mentee_too_many_is_named(world: World) -> None:
    world.say("availability.set", ANN, introductions_per_week=0, mentees_offered=1)
    for subject in (BOB, CID):
        world.say("availability.set", subject, introductions_per_week=0, mentors_wanted=1)
    both = made(*(suggestion(id, PAIRS[id], kind="mentoring") for id in ("s1", "s2")))
    assert differences(world, both[:1]) == ()
    assert differences(world, both) == (f"round 1: {ANN} has 2 mentees, of 1",)


def test_a_mentee_who_wants_none_is_named(world: World) -> None:
    world.say("availability.set", ANN, introductions_per_week=0, mentees_offered=1)
    one = made(suggestion("s1", PAIRS["s1"], kind="mentoring"))
    assert differences(world, one) == (f"round 1: {BOB} has 1 mentors, of 0",)


def test_who_paused_is_not_suggested(world: World) -> None:
    world.say("member.paused", BOB)
    assert differences(world, introduced("s1")) == (
        f"round 1: {BOB} was suggested, and is not eligible",
    )


def test_who_blocked_is_not_suggested_the_other(world: World) -> None:
    world.between("member.blocked", ANN, BOB, by=BOB)
    assert differences(world, introduced("s1")) == (
        "round 1: s1 is between two of whom one blocked the other",
    )


def test_two_who_are_suggested_to_each_other_twice_at_a_time_are_named(world: World) -> None:
    assert differences(world, introduced("s1"), _in_round(2, "s4")) == (
        "round 2: s4 means the same as s1, which lives",
    )


def test_what_ended_may_be_suggested_again(world: World) -> None:
    expired = structs.replace(suggestion("s1", PAIRS["s1"]), state="expired", seq=2)
    ended_and_again = (Change(expired, "expired"), *_in_round(2, "s4"))
    assert differences(world, introduced("s1"), ended_and_again) == ()


def test_what_the_erased_had_set_cannot_be_known(world: World) -> None:
    world.erase(EVE)
    world.log[0].pop()  # the erasure comes after the round
    assert differences(world, introduced("s3"), unknown={EVE}) == ()


def _in_round(n: int, id: str, **other: Any) -> tuple[Change, ...]:
    return made(suggestion(id, PAIRS[id], round=n, **other))


def test_more_mentorings_in_a_week_than_the_policy_allows_are_named(world: World) -> None:
    world.say("availability.set", ANN, introductions_per_week=0, mentees_offered=20)
    ids = ("s1", "s2", "s3", "s4")
    for subject in (BOB, CID, EVE):
        world.say("availability.set", subject, introductions_per_week=0, mentors_wanted=2)
    each = [_in_round(n, id, kind="mentoring") for n, id in enumerate(ids, 1)]
    first = suggestion("s1", PAIRS["s1"], kind="mentoring", state="declined", seq=2)
    each[3] = (Change(first, "declined"), *each[3])
    assert differences(world, *each[:3]) == ()
    assert differences(world, *each) == (
        f"round 4: {ANN} has 4 mentorings made in 7 days, of 3 a week",
    )
