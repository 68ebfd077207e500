"""Whom a round brings together as mentor and mentee."""

from __future__ import annotations

from typing import Any

import pytest

from crosstie.network.state import Member
from tests.unit.matching.towns import POLICY, Town, member, rows, two


def senior(**more: Any) -> Member:
    return member("S", **({"weekly": 0, "mentees": 1, "level": 5} | more))


def junior(**more: Any) -> Member:
    return member("J", **({"weekly": 0, "mentors": 1, "level": 2} | more))


def test_the_senior_mentors_the_junior() -> None:
    (made,) = two(senior(), junior())
    assert (made.kind, made.members, made.directions) == ("mentoring", ("S", "J"), ("down", "up"))


def test_reverse_mentoring_happens_where_the_senior_wishes_it() -> None:
    asking = senior(mentees=0, mentors=1)
    offering = junior(mentors=0, mentees=1)
    assert two(asking, offering) == []
    (made,) = two(senior(mentees=0, mentors=1, wishes=(("down",), ())), offering)
    assert (made.members, made.directions) == (("J", "S"), ("up", "down"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(senior(level=2), junior(level=2), id="of equal level"),
        pytest.param(
            senior(level=2, wishes=(("across",), ())), junior(), id="of equal level, wished by one"
        ),
        pytest.param(senior(level=7), junior(level=1), id="too far apart"),
        pytest.param(
            senior(level=None, mentees=0), junior(), id="of unknown level, and nothing offered"
        ),
        pytest.param(senior(mentees=0), junior(), id="nothing offered"),
        pytest.param(senior(), junior(mentors=0), id="nothing wanted"),
        pytest.param(senior(), junior(reports_to="S"), id="the line manager"),
    ],
)
def test_there_is_no_mentoring_when(one: Member, other: Member) -> None:
    assert two(one, other) == []


def test_equals_mentor_each_other_where_both_wish_it() -> None:
    across: Any = (("across",), ())
    (made,) = two(senior(level=2, wishes=across), junior(wishes=across))
    assert (made.members, made.directions) == (("S", "J"), ("across", "across"))


@pytest.mark.parametrize(("of_s", "of_j"), [(None, 2), (5, None), (None, None)])
def test_where_a_level_is_unknown_offered_and_wanted_are_enough(
    of_s: int | None, of_j: int | None
) -> None:
    (made,) = two(senior(level=of_s), junior(level=of_j))
    assert (made.kind, made.members, made.directions) == (
        "mentoring",
        ("S", "J"),
        ("across", "across"),
    )


def test_of_two_who_both_offer_and_want_the_senior_mentors() -> None:
    both: Any = {"mentors": 1, "mentees": 1, "wishes": (("up", "down", "across"), ())}
    (made,) = two(senior(**both), junior(**both))
    assert made.members == ("S", "J")


def test_of_two_mentors_the_one_of_the_same_profession_is_chosen() -> None:
    nurse = junior(profession="nurse")
    for names in (("M1", "M2"), ("M2", "M1")):
        same, other = (
            member(name, weekly=0, mentees=1, level=5, profession=profession)
            for name, profession in zip(names, ("nurse", "doctor"), strict=True)
        )
        (made,) = Town(rows(nurse, same, other)).round().made
        assert made.members == (same.subject, "J")
        gain = POLICY.mentoring.profession + 2 * POLICY.mentoring.experience
        assert made.scores["mentor"] == round(gain * 1_000_000)


def test_a_pair_gets_a_mentoring_or_an_introduction_never_both() -> None:
    made = two(senior(weekly=3), junior(weekly=3))
    assert [each.kind for each in made] == ["mentoring"]


def test_a_mentor_is_never_given_more_mentees_than_offered() -> None:
    juniors = [member(f"J{i}", weekly=0, mentors=1, level=2) for i in range(5)]
    town = Town(rows(senior(mentees=2), *juniors)).round()
    assert len(town.made) == 2
    first, second = town.made
    after = town.answered(first, (0, "accepted"), (1, "accepted")).answered(second, (1, "declined"))
    after = after.round(1)
    assert after.causes == ["accepted", "accepted", "declined", "made"] or sorted(after.causes) == [
        "accepted", "accepted", "declined", "made",
    ]  # fmt: skip


def test_a_senior_who_declines_is_not_flooded_with_mentees() -> None:
    juniors = [member(f"J{i:02}", weekly=0, mentors=1, level=2) for i in range(30)]
    town, made = Town(rows(senior(), *juniors)), []
    for _ in range(14):
        town = town.round(0.5)
        made.append(len(town.made))
        for suggestion in town.made:
            town = town.answered(suggestion, (0, "declined"))
    assert sum(made) == POLICY.mentoring.most_a_week
    town = town.round(0.5, serve=frozenset())
    assert len(town.made) == 1  # the week since the first is over: served without being asked for


def test_a_junior_who_declines_is_not_flooded_with_mentors() -> None:
    seniors = [
        member(f"S{i:02}", weekly=0, mentees=1, mentors=1, level=5, wishes=(("down",), ()))
        for i in range(30)
    ]
    both = junior(mentees=2)  # may mentor as well
    town, made = Town(rows(both, *seniors)), 0
    for _ in range(14):
        town = town.round(0.5)
        mine = [each for each in town.made if "J" in each.members]
        made += len(mine)
        for suggestion in mine:
            town = town.answered(suggestion, (suggestion.members.index("J"), "declined"))
    assert made == POLICY.mentoring.most_a_week
