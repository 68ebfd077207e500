"""Over time: nobody with availability goes without for long, quotas hold, effort must be returned."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from crosstie.matching import fairness
from crosstie.network.state import Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, START, Town, locality, member, rows, tie

WEEKS = 4
QUIET = START - 200 * DAY_US
NOBODY_ASKED = structs.replace(POLICY.quotas, cross_sector=0.0, across_levels=0.0, same_level=0.0)


def weekly(town: Town, weeks: int) -> list[Town]:
    towns = [town.round()]
    towns += [(town := towns[-1].round(7)) for _ in range(weeks - 1)]
    return towns


def test_everyone_with_availability_is_suggested_somebody_within_four_weeks() -> None:
    town = Town(locality(90, 300, seed=5))
    served = {
        subject
        for later in weekly(town, WEEKS)
        for each in later.made
        for subject in each.members
        if each.kind != "mentoring"
    }
    waiting = {
        each
        for each in town.network.subjects
        if town.network.members[each].availability.introductions_per_week
    }
    assert waiting - served == set()


def few_with_time() -> list[Row]:
    """Five who know each other have an hour a week; of seven who would like it one is less alike."""
    hosts = [f"H{i}" for i in range(5)]
    liked = [f"L{i}" for i in range(6)]
    common: dict[str, Any] = {"weekly": 1, "level": 3, "sector": "health", "since": START - DAY_US}
    people: list[Row] = [
        member(each, profession="nurse", place="Leeds", interests=["choirs"], **common)
        for each in hosts + liked
    ]
    people.append(member("Z", **common))
    guests = [*liked, "Z"]
    for group in (hosts, guests):
        people += [tie(a, b) for i, a in enumerate(group) for b in group[i + 1 :]]
    return people


@pytest.mark.parametrize(("lift", "week"), [(fairness.FIRST, 3), (0, 6)])
def test_whoever_was_passed_over_comes_before_those_who_would_be_liked_more(
    lift: int, week: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fairness, "FIRST", lift)
    policy = structs.replace(POLICY, exploration=0.0, quotas=NOBODY_ASKED)
    town, served = Town(rows(*few_with_time()), policy=policy), list[bool]()
    for n in range(7):
        town = town.round(7 if n else 0)
        served.append(any("Z" in each.members for each in town.made))
        for each in town.made:  # so that all are free again in a week
            town = town.answered(each, (0, "declined"))
    assert served.index(True) + 1 == week


def test_nobody_was_passed_over_where_nobody_was_served() -> None:
    town = Town(locality(40, 100)).round()
    assert town.notes["passed-over"] == 0
    assert town.round(13.9).notes["passed-over"] == 0
    alone = Town(rows(member("A"), member("B"), member("C", weekly=1))).round()
    assert alone.round(14).notes["passed-over"] == 0
    late = Town(rows(*(member(each, weekly=1) for each in "ABC"))).round()
    assert late.round(14).notes["passed-over"] == 1
    assert late.with_rows(member("D", since=late.at)).round(13).notes["passed-over"] == 0


@pytest.mark.parametrize(
    ("quota", "against"),
    [
        ("cross_sector", {"value": {"cross_sector": -1.0, "contrast": 0.0}}),
        ("across_levels", {"affinity": {"level_step": -1.5, "upward": 0.0}}),
        ("same_level", {"affinity": {"level_step": 0.3, "upward": 0.3}}),
    ],
)
def test_a_quota_is_met_against_what_would_be_worth_more(
    quota: str, against: dict[str, dict[str, float]]
) -> None:
    changed = {
        part: structs.replace(getattr(POLICY, part), **weights) for part, weights in against.items()
    }
    shares = []
    for share in (0.0, 0.4):
        quotas = structs.replace(NOBODY_ASKED, **{quota: share})
        policy = structs.replace(POLICY, exploration=0.0, quotas=quotas, **changed)
        town = Town(locality(80, 200, seed=3), policy=policy).round()
        shares.append(town.notes[f"quota.{quota.replace('_', '-')}.permille"])
    assert shares[0] < 400 <= shares[1]


def colleagues(names: str) -> list[Row]:
    return [member(each, weekly=1, sector="health", level=3) for each in names]


def test_the_less_an_effort_was_returned_the_less_a_tie_is_worth() -> None:
    worths = []
    for returned in (6, 4, 2, 0):
        old = tie("A", "B", last=QUIET, started_by_a=6, started_by_b=returned)
        (made,) = Town(rows(*colleagues("AB"), old)).round().made
        worths.append(made.scores["worth"])
    assert worths == sorted(set(worths), reverse=True)


@pytest.mark.parametrize("answers", ["B", "C"])
def test_of_two_lost_ties_the_one_whose_other_side_answered_is_renewed(answers: str) -> None:
    ties = [
        tie("A", each, last=QUIET, started_by_a=6, started_by_b=6 if each == answers else 0)
        for each in "BC"
    ]
    (made,) = Town(rows(*colleagues("ABC"), *ties, tie("B", "C"))).round().made
    assert made.members == ("A", answers)
