"""Half-chosen pairs made whole: every other one along a trail, the richer half, within the slots."""

from __future__ import annotations

import random

import numpy as np
import pytest

from crosstie.matching.rounding import rounded

Ends = list[tuple[int, int]]


def chosen(ends: Ends, worths: list[int]) -> list[int]:
    """Which of these pairs, all half-chosen, become whole ones."""
    a, b = np.array(ends).T
    return sorted(rounded(np.arange(len(ends)), a, b, np.array(worths)))


def path(length: int) -> Ends:
    return [(n, n + 1) for n in range(length)]


def circle(length: int) -> Ends:
    return [(n, (n + 1) % length) for n in range(length)]


@pytest.mark.parametrize(
    ("worths", "expected"),
    [
        ([5, 9, 5], [0, 2]),
        ([5, 11, 5], [1]),
        ([5, 10, 5], [0, 2]),  # of equals the half in which the trail begins, and ends
        ([1, 9, 1, 9, 1], [1, 3]),
        ([1, 9, 1, 1, 1, 9], [1, 3, 5]),
        ([7], [0]),
    ],
)
def test_of_an_open_trail_the_richer_half_is_chosen(worths: list[int], expected: list[int]) -> None:
    assert chosen(path(len(worths)), worths) == expected


@pytest.mark.parametrize("worths", [[5, 1, 5, 1], [1, 5, 1, 5], [3, 4, 5, 6]])
def test_of_a_circle_of_even_length_the_richer_half_is_chosen(worths: list[int]) -> None:
    found = chosen(circle(4), worths)
    assert found in ([0, 2], [1, 3])
    assert sum(worths[each] for each in found) == max(sum(worths[::2]), sum(worths[1::2]))


@pytest.mark.parametrize("length", [3, 5, 7])
def test_of_a_circle_of_odd_length_somebody_goes_without_who_costs_least(length: int) -> None:
    draw = random.Random(length)
    for _ in range(20):
        worths = [draw.randint(1, 30) for _ in range(length)]
        found = chosen(circle(length), worths)
        ways = ([(out + n) % length for n in range(1, length, 2)] for out in range(length))
        assert sum(worths[each] for each in found) == max(
            sum(worths[each] for each in way) for way in ways
        )
        assert len(found) == length // 2


def test_of_a_circle_of_odd_length_where_all_is_the_same_the_choice_is_always_one() -> None:
    assert chosen([(0, 1), (1, 2), (0, 2)], [4, 4, 4]) == [1]


def test_a_trail_is_followed_from_an_end_and_never_from_its_middle() -> None:
    assert chosen([(0, 1), (0, 2)], [5, 6]) == [1]
    assert chosen([(0, 1), (0, 2), (2, 3), (1, 4)], [5, 6, 7, 8]) == [1, 3]


def test_trails_that_have_nothing_in_common_are_each_rounded() -> None:
    ends = [(0, 1), (1, 2), (3, 4), (4, 5), (5, 3)]
    assert chosen(ends, [5, 6, 9, 4, 4]) == [1, 2]


def test_pairs_that_are_no_halves_are_left_alone() -> None:
    a, b = np.array(path(3)).T
    assert list(rounded(np.array([2]), a, b, np.array([5, 9, 5]))) == [2]
    assert list(rounded(np.array([], dtype=int), a, b, np.array([5, 9, 5]))) == []


def test_no_member_is_given_more_than_half_of_their_pairs_and_one_at_an_end() -> None:
    draw = random.Random(1)
    for _ in range(30):
        ends = sorted({tuple(sorted(draw.sample(range(8), 2))) for _ in range(12)})
        found = chosen([(one, other) for one, other in ends], [draw.randint(1, 9) for _ in ends])
        for member in range(8):
            mine = [n for n, pair in enumerate(ends) if member in pair]
            assert len({*mine} & {*found}) <= (len(mine) + 1) // 2
