from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching.assignment import introductions, mentors


class Pairs(NamedTuple):
    a: np.ndarray
    b: np.ndarray
    worth: np.ndarray
    slots: np.ndarray


@st.composite
def pairs(draw: st.DrawFn, most_people: int = 7, most_pairs: int = 10) -> Pairs:
    people = draw(st.integers(2, most_people))
    every = list(combinations(range(people), 2))
    some = sorted(draw(st.sets(st.sampled_from(every), min_size=1, max_size=most_pairs)))
    worth = draw(st.lists(st.integers(0, 20), min_size=len(some), max_size=len(some)))
    slots = draw(st.lists(st.integers(0, 3), min_size=people, max_size=people))
    a, b = np.array(some).T
    return Pairs(a, b, np.array(worth), np.array(slots))


def used(p: Pairs, chosen: np.ndarray) -> np.ndarray:
    return np.bincount(np.concatenate([p.a[chosen], p.b[chosen]]), minlength=len(p.slots))


def best(p: Pairs) -> int:
    """The optimum, by trying every subset."""
    masks = (np.arange(1 << len(p.a))[:, None] >> np.arange(len(p.a))) & 1 == 1
    return max(int(p.worth[m].sum()) for m in masks if (used(p, m) <= p.slots).all())


@settings(deadline=None)
@given(pairs(most_people=40, most_pairs=200))
def test_introductions_never_exceed_a_slot_or_the_certified_bound(p: Pairs) -> None:
    chosen, bound = introductions(*p)
    assert (used(p, chosen) <= p.slots).all()
    assert int(p.worth[chosen].sum()) <= bound


@settings(deadline=None)
@given(pairs())
def test_the_bound_of_introductions_is_no_less_than_the_optimum(p: Pairs) -> None:
    _, bound = introductions(*p)
    assert bound >= best(p)


@settings(deadline=None)
@given(pairs())
def test_introductions_are_the_optimum_or_close_and_the_gap_says_so(p: Pairs) -> None:
    chosen, bound = introductions(*p)
    reached, optimum = int(p.worth[chosen].sum()), best(p)
    assert reached >= optimum * 2 / 3
    if reached == bound:
        assert reached == optimum


def test_a_triangle_of_one_slot_each_gives_its_heaviest_pair() -> None:
    a, b = np.array([0, 0, 1]), np.array([1, 2, 2])
    chosen, bound = introductions(a, b, np.array([10, 11, 12]), np.ones(3, dtype=np.int64))
    assert chosen.tolist() == [False, False, True]
    assert bound == 16  # half of each pair: the relaxation's 16.5, rounded down


def test_no_pairs_give_no_introductions() -> None:
    nothing = np.empty(0, dtype=np.int64)
    chosen, bound = introductions(nothing, nothing, nothing, np.ones(3, dtype=np.int64))
    assert len(chosen) == 0
    assert bound == 0


@st.composite
def mentoring(draw: st.DrawFn) -> tuple[Pairs, np.ndarray, int]:
    mentors_n, mentees_n = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    every = [(m, mentors_n + e) for m in range(mentors_n) for e in range(mentees_n)]
    some = sorted(draw(st.sets(st.sampled_from(every), min_size=1, max_size=9)))
    people = mentors_n + mentees_n
    worth = draw(st.lists(st.integers(0, 20), min_size=len(some), max_size=len(some)))
    slots = draw(st.lists(st.integers(0, 3), min_size=people, max_size=people))
    taken = draw(st.lists(st.integers(0, 2), min_size=people, max_size=people))
    a, b = np.array(some).T
    return Pairs(a, b, np.array(worth), np.array(slots)), np.array(taken), draw(st.integers(0, 5))


def convex(p: Pairs, chosen: np.ndarray, taken: np.ndarray, step: int) -> int:
    """Worth, less `step` for each mentee that a mentor already has, one after another."""
    given = np.bincount(p.a[chosen], minlength=len(p.slots))
    cost = sum(step * (taken[m] + k) for m in range(len(given)) for k in range(given[m]))
    return int(p.worth[chosen].sum() - cost)


@settings(deadline=None)
@given(mentoring())
def test_mentoring_equals_the_optimum_found_by_brute_force(
    case: tuple[Pairs, np.ndarray, int],
) -> None:
    p, taken, step = case
    chosen = mentors(
        p.a, p.b, p.worth, offered=p.slots, wanted=p.slots, taken=taken, slot_step=step
    )
    masks = (np.arange(1 << len(p.a))[:, None] >> np.arange(len(p.a))) & 1 == 1
    fitting = [m for m in masks if (used(p, m) <= p.slots).all()]
    assert (used(p, chosen) <= p.slots).all()
    assert convex(p, chosen, taken, step) == max(convex(p, m, taken, step) for m in fitting)


def test_a_second_mentee_of_a_mentor_costs_more_than_the_first_of_another() -> None:
    mentor, mentee = np.array([0, 0, 1]), np.array([2, 3, 3])
    slots = np.array([2, 1, 1, 1])
    chosen = mentors(
        mentor,
        mentee,
        np.array([9, 9, 8]),
        offered=slots,
        wanted=slots,
        taken=0 * slots,
        slot_step=2,
    )
    assert chosen.tolist() == [True, False, True]
