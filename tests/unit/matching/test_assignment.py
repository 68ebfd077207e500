from __future__ import annotations

import random
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import assignment
from crosstie.matching.assignment import foreseen, introductions, mentors


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


def market(seed: int) -> Pairs:
    """Nine people of one slot or two, and twelve pairs among them of about the same worth."""
    rng = random.Random(seed)
    a, b = np.array(sorted(rng.sample(list(combinations(range(9), 2)), 12))).T
    worth = np.array([rng.randint(10, 20) for _ in a])
    return Pairs(a, b, worth, np.array([rng.randint(1, 2) for _ in range(9)]))


MARKETS = [market(seed) for seed in range(100)]
OPTIMA = [best(each) for each in MARKETS]


@pytest.mark.parametrize(
    ("passes", "starts", "optimal"),
    [(0, 0, 89), (8, 0, 91), (0, 1, 99), (0, 100, 99), (8, 100, 98)],
    ids=("rounded", "exchanged", "along one path", "along paths", "both"),
)
def test_each_repair_wins_back_what_rounding_loses(
    passes: int, starts: int, optimal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "MOST_PASSES", passes)
    monkeypatch.setattr(assignment, "MOST_STARTS", starts)
    reached = []
    for each in MARKETS:
        chosen, bound = introductions(*each)
        assert (used(each, chosen) <= each.slots).all()
        reached.append(int(each.worth[chosen].sum()))
        assert reached[-1] <= bound
    assert all(r >= o * 2 / 3 for r, o in zip(reached, OPTIMA, strict=True))
    assert sum(r == o for r, o in zip(reached, OPTIMA, strict=True)) >= optimal


@pytest.mark.parametrize("length", [3, 5, 7])
@pytest.mark.parametrize("turn", range(7))
def test_of_an_odd_circle_the_best_pairs_are_kept_wherever_it_begins(
    length: int, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "MOST_PASSES", 0)
    monkeypatch.setattr(assignment, "MOST_STARTS", 0)
    ends = np.arange(length)
    worth = np.roll(np.array([10, 13, 12, 14, 11, 13, 12])[:length], turn)
    circle = Pairs(ends, (ends + 1) % length, worth, np.ones(length, dtype=np.int64))
    chosen, bound = introductions(*circle)
    assert int(worth[chosen].sum()) == best(circle)
    assert bound == worth.sum() // 2


def test_an_exchange_that_gains_but_one_is_made_and_the_best_comes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen, slots = np.array([False, True, False]), np.array([1, 1, 1, 1])
    a, b = np.array([0, 0, 0]), np.array([1, 2, 3])
    assignment._improve(chosen, a, b, np.array([6, 5, 8]), slots)
    assert chosen.tolist() == [False, False, True]
    monkeypatch.setattr(assignment, "MOST_PASSES", 1)
    chosen = np.array([False, True, False])
    assignment._improve(chosen, a, b, np.array([6, 5, 8]), slots)
    assert chosen.tolist() == [False, False, True]
    chosen = np.array([False, True])
    assignment._improve(chosen, a[:2], b[:2], np.array([6, 5]), slots)
    assert chosen.tolist() == [True, False]
    chosen = np.array([False, True])
    assignment._improve(chosen, a[:2], b[:2], np.array([5, 5]), slots)
    assert chosen.tolist() == [False, True]


def test_whoever_has_room_gives_up_nothing_for_a_pair_worth_one() -> None:
    chosen = np.array([False])
    one = np.array([1])
    assignment._improve(chosen, np.array([0]), one, one, np.array([1, 1]))
    assert chosen.tolist() == [True]


def test_where_nobody_gains_the_lighter_of_two_pairs_stays_out() -> None:
    # a square: both halves of it are worth the same, and either is whole
    square = Pairs(np.array([0, 1, 2, 0]), np.array([1, 2, 3, 3]), np.full(4, 5), np.ones(4, int))
    chosen, bound = introductions(*square)
    assert (int(square.worth[chosen].sum()), bound) == (10, 10)


def test_people_without_a_slot_or_a_pair_change_nothing() -> None:
    a, b, worth = np.array([1, 1, 4]), np.array([4, 6, 6]), np.array([7, 9, 8])
    slots = np.array([3, 1, 0, 2, 1, 0, 1, 5])
    chosen, bound = introductions(a, b, worth, slots)
    assert chosen.tolist() == [False, True, False]
    assert bound == 12
    slots[6] = 0
    chosen, bound = introductions(a, b, worth, slots)
    assert (chosen.tolist(), bound) == ([True, False, False], 7)


def test_pairs_worth_nothing_are_never_chosen() -> None:
    a, b = np.array([0, 2]), np.array([1, 3])
    for worthless in (0, -3):
        chosen, bound = introductions(a, b, np.array([worthless, 1]), np.ones(4, dtype=np.int64))
        assert (chosen.tolist(), bound) == ([False, True], 1)


def test_no_pairs_give_no_introductions() -> None:
    nothing = np.empty(0, dtype=np.int64)
    chosen, bound = introductions(nothing, nothing, nothing, np.ones(3, dtype=np.int64))
    assert len(chosen) == 0
    assert bound == 0
    assert chosen.dtype == np.bool_


@pytest.mark.parametrize("seed", range(5))
def test_of_many_pairs_that_gain_the_same_the_first_are_taken(seed: int) -> None:
    rng = random.Random(seed)
    worth = np.array([rng.randint(5, 7) for _ in range(400)])
    others = np.arange(200)  # on either side of the one in the middle, who has three slots
    a = np.concatenate([np.full(200, 200), others])
    b = np.concatenate([others + 201, np.full(200, 200)])
    slots = np.ones(401, dtype=np.int64)
    slots[200] = 3
    for repair in (partial(assignment._alternate, np.array([200])), assignment._improve):
        chosen = np.zeros(400, dtype=np.bool_)
        repair(chosen, a, b, worth, slots)
        assert np.flatnonzero(chosen).tolist() == np.flatnonzero(worth == 7)[:3].tolist()


def test_whichever_of_two_is_named_first_the_same_is_reached_and_certified() -> None:
    for each in MARKETS[:20]:
        chosen, bound = introductions(*each)
        turned = each._replace(a=each.b, b=each.a)
        again, same = introductions(*turned)
        assert (used(turned, again) <= each.slots).all()
        assert (int(each.worth[again].sum()), same) == (int(each.worth[chosen].sum()), bound)


def test_what_is_foreseen_fits_in_the_slots_and_is_nearly_what_will_be_chosen() -> None:
    reached = 0
    for each, optimum in zip(MARKETS, OPTIMA, strict=True):
        chosen = foreseen(*each)
        assert (used(each, chosen) <= each.slots).all()
        worth = int(each.worth[chosen].sum())
        assert 2 * worth >= optimum
        reached += worth
    assert reached >= 0.9 * sum(OPTIMA)


def test_nothing_worthless_is_foreseen_and_nobody_without_a_slot() -> None:
    a, b = np.array([0, 2, 4, 6]), np.array([1, 3, 5, 7])
    slots = np.array([1, 1, 1, 1, 0, 1, 1, 1])
    assert foreseen(a, b, np.array([0, 3, 9, -2]), slots).tolist() == [False, True, False, False]
    assert foreseen(a[:0], b[:0], a[:0], slots).tolist() == []


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


def test_no_mentee_is_given_to_whom_it_is_worth_nothing() -> None:
    mentor, mentee = np.array([0, 1, 2]), np.array([3, 4, 5])
    slots, worth = np.ones(6, dtype=np.int64), np.array([-3, 0, 1])
    chosen = mentors(
        mentor, mentee, worth, offered=slots, wanted=slots, taken=0 * slots, slot_step=2
    )
    assert chosen.tolist() == [False, False, True]
