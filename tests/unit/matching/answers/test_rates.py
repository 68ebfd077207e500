"""Who says yes how often: counts as of a moment, shrunken towards what they are a part of."""

from __future__ import annotations

import numpy as np
import pytest

from crosstie.matching.answers import sectors
from crosstie.matching.answers.features import UNIT
from crosstie.matching.answers.rates import HELD, Said, Tally, Tendencies, Who, beyond, held, logit

SECTOR = {f"H{i}": "health" for i in range(9)} | {f"P{i}": "prisons" for i in range(9)}


def said(*answers: tuple[int, int, bool, int]) -> Said:
    by, about, yes, at = np.array(answers, dtype=np.int64).reshape(-1, 4).T
    return Said(by, about, yes.astype(np.bool_), at)


def test_a_tally_counts_what_was_said_before_and_not_at_the_moment_itself() -> None:
    tally = Tally(np.array([7, 7, 7]), np.array([True, False, True]), np.array([1, 2, 3]))
    for when, expected in ((1, (0, 0)), (2, (1, 1)), (3, (1, 2)), (4, (2, 3))):
        yes, asked = tally(np.array([7]), np.array([when]))
        assert (yes[0], asked[0]) == expected
    yes, asked = tally(np.array([7, 8, -1]), None)
    assert yes.tolist() == [2, 0, 0]
    assert asked.tolist() == [3, 0, 0]


def test_a_rate_of_few_answers_is_held_near_everyones() -> None:
    near = np.array([0.3])
    once, often = (held(np.array([n]), np.array([n]), near)[0] for n in (1.0, 100.0))
    assert once == pytest.approx((1 + 0.3 * HELD) / (1 + HELD))
    assert often > 0.95
    assert beyond(near, near)[0] == 0
    assert logit(np.array([0.5]))[0] == 0


def test_a_member_is_known_by_what_they_said_and_by_what_was_said_of_them() -> None:
    # 0 and 1 are of one sector, 2 of another and more senior
    who = Who(np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([2, 2, 5]))
    given = said((0, 2, True, 1), (0, 2, True, 2), (1, 2, False, 3))
    seen = Tendencies(given, given, who, 0.5).columns(np.array([0, 1]), np.array([2, 2]))
    assert seen["own_rate"][0] > 0 > seen["own_rate"][1]
    assert seen["own_rate_sector"][0] > 0
    assert seen["own_rate_toward"][0] > 0
    assert seen["their_rate"][0] == seen["their_rate"][1] > 0
    assert seen["said_before"].tolist() == [2, -1]
    assert seen["heard_before"].tolist() == [0, 0]


def test_answers_of_and_about_whoever_left_are_nobodys() -> None:
    who = Who(np.array([0]), np.array([0]), np.array([0]))
    columns = Tendencies(said((-1, 0, True, 1)), said((0, -1, True, 1)), who, 0.5).columns(
        np.array([0]), np.array([0])
    )
    assert columns["said_before"].tolist() == [0]
    assert columns["own_answers"].tolist() == [0]


def test_two_sectors_are_remembered_once_several_people_decided() -> None:
    few = [(f"H{i}", "P0", True) for i in range(sectors.LEAST_PEOPLE - 1)]
    assert sectors.learned(few, SECTOR, 0.5) == {}
    many = [*few, ("H8", "P0", True)]
    known = sectors.between(sectors.learned(many, SECTOR, 0.5), ("health", "prisons"))
    assert list(known) == [1]  # health about prisons, and not the other way round
    assert known[1] > 0
    one, other = np.array([0, 1, -1]), np.array([1, 0, 1])
    assert sectors.looked_up(known, one, other, 2).tolist() == [known[1], 0, 0]


def test_what_sectors_said_is_whole_thousandths_and_no_name() -> None:
    many = [(f"H{i}", f"P{i}", i < 2) for i in range(9)]
    ((key, odds),) = sectors.learned(many, SECTOR, 0.5).items()
    assert isinstance(key, int)
    assert -3 * UNIT < odds < 0
