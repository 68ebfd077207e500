"""Whatever the network: everyone has a suggestion, or reads a reason why there is none."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import pacing
from crosstie.network.state import Member, Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.test_why import why
from tests.unit.matching.towns import POLICY, START, Town, fact, locality, member, rows, tie

REASONS = re.compile(
    r"not a member|no consent to suggestions|paused"
    r"|no availability set: say how many introductions a week, or which mentoring"
    r"|every slot is in use until \d{4}-\d\d-\d\d"
    r"|no one within reach: .+"
    r"|(one person|\d+ people) within reach, none chosen yet: the next full round looks again"
)
MANY = 10_000
OF = "no one within reach: of"


def alike(count: int, **more: object) -> list[Member]:
    facts = {"weekly": 1, "role": "manager", "sector": "health", "level": 3} | more
    return [member(f"P{i:05}", **facts) for i in range(count)]  # type: ignore[arg-type]


def unanswered(town: Town) -> dict[str, str]:
    """By member who holds no suggestion: the reason; checked for saying one."""
    said = {
        each: why(town, each) for each in town.network.subjects if each not in town.ledger.by_member
    }
    assert [each for each in said.values() if not REASONS.fullmatch(each)] == []
    return said


@pytest.mark.parametrize(
    ("stated", "made", "reasons"),
    [
        pytest.param([], 0, set(), id="nobody"),
        pytest.param(
            alike(1), 0, {"no one within reach: nobody else may be suggested yet"}, id="one person"
        ),
        pytest.param(
            [*alike(5), *(tie("P00000", f"P0000{i}") for i in range(1, 5))],
            2,
            {"no one within reach: 4 in your sector are full or without time until 2023-11-21"},
            id="a star, whose centre knows everybody",
        ),
        pytest.param(alike(4, paused=True), 0, {"paused"}, id="everyone paused"),
        pytest.param(alike(4, consent=False), 0, {"no consent to suggestions"}, id="no consent"),
        pytest.param(
            alike(5),
            2,
            {"no one within reach: 4 in your sector are full or without time until 2023-11-21"},
            id="one sector, and one too many",
        ),
        pytest.param(
            [*alike(4), *(tie(a.subject, b.subject) for a, b in combinations(alike(4), 2))],
            0,
            {f"{OF} 3 people with time you have met 3, and 0 may not be suggested yet"},
            id="everybody knows everybody",
        ),
        pytest.param(
            [
                *alike(3),
                *(
                    tie(a.subject, b.subject, contacts=0, blocked_by_a=fact(value=True))
                    for a, b in combinations(alike(3), 2)
                ),
            ],
            0,
            {f"{OF} 2 people with time you have met 0, and 2 may not be suggested yet"},
            id="everybody blocked everybody",
        ),
        pytest.param(
            [*alike(3, reports_to="P00003"), member("P00003", weekly=1, reports_to="P00003")],
            1,
            {
                "no one within reach: 2 in your sector are full or without time until 2023-11-21",
                "no one within reach: nobody else may be suggested yet",
            },
            id="all report to one, who reports to themselves",
        ),
        pytest.param(
            [tie("A", "B"), *alike(2), tie("A", "P00000")], 1, set(), id="ties of people unknown"
        ),
    ],
)
def test_there_is_an_answer_or_a_reason(stated: list[Row], made: int, reasons: set[str]) -> None:
    town = Town(rows(*stated)).round()
    assert len(town.made) == made
    assert set(unanswered(town).values()) == reasons


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 120), st.integers(0, 50))
def test_in_any_locality_whoever_has_no_suggestion_reads_why(
    people: int, ties: int, seed: int
) -> None:
    town = Town(locality(people, ties, seed)).round().round(3)
    for subject, said in unanswered(town).items():
        free = pacing.slots(town.network, town.ledger, POLICY, subject, town.at)
        assert said.startswith(("no one", "one person", "1", "2", "3", "4", "5")) == any(free), said


def test_of_ten_thousand_with_the_same_role_all_are_served_or_read_why() -> None:
    town = Town(rows(*alike(MANY))).round()
    assert len(town.made) >= 0.999 * MANY / 2
    assert town.notes["assignment.gap-millionths"] <= 1_000
    assert all("within reach, none chosen yet" in said for said in unanswered(town).values())
    assert why(town, town.made[0].members[0]) == "every slot is in use until 2023-11-21"
    again = town.round(0.01)
    assert len(town.made) + len(again.made) == MANY // 2


def test_when_the_first_of_ones_sector_is_free_again_is_told_as_the_day() -> None:
    busy = [member(f"B{i}", weekly=1, sector="health") for i in range(4)]
    town = Town(rows(*busy)).round()
    assert len(town.made) == 2
    late = town.with_rows(member("A", sector="health"), member("C", weekly=0)).round(2)
    assert late.at == START + 2 * DAY_US
    assert why(late, "A") == (
        "no one within reach: 5 people are full or without time until 2023-11-17"
    )
    assert why(town.with_rows(member("A", sector="health")).round(2), "A") == (
        "no one within reach: 4 in your sector are full or without time until 2023-11-21"
    )
