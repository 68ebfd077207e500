"""The equilibrium on known answers, and the short list that is made of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import assignment
from crosstie.matching.congestion import TEMPERATURE, Equilibrium, equilibrium, shortlist

MILLION = 1_000_000
Array = np.ndarray
ENOUGH = 5000  # iterations, where the answer is to be exact


class Pairs(NamedTuple):
    one: Array
    other: Array
    worth: Array
    slots: Array


def complete(worth: list[list[int]], slots: list[int] | None = None) -> Pairs:
    """Every pair of two sides: row i is member i, column j is member len(rows) + j."""
    table = np.array(worth)
    one, other = (each.ravel() for each in np.indices(table.shape))
    everyone = np.array(slots) if slots else np.ones(sum(table.shape), dtype=np.int64)
    return Pairs(one, other + len(table), table.ravel(), everyone)


def settled(pairs: Pairs) -> Equilibrium:
    return equilibrium(*pairs, iterations=ENOUGH)


def pull(worth: float, mean: float) -> float:
    return float(np.exp(worth / mean / (2 * TEMPERATURE)))


def test_one_pair_alone_forms_in_the_closed_form() -> None:
    k = pull(1, 1)
    market = settled(complete([[700]]))
    assert market.flow.tolist() == pytest.approx([MILLION * k / (1 + k)], abs=2)
    assert market.alone.tolist() == pytest.approx([MILLION / (1 + k)] * 2, abs=2)


def test_two_by_two_is_the_closed_form() -> None:
    k_high, k_low = pull(3, 2), pull(1, 2)
    high, low = (MILLION * k / (1 + k_high + k_low) for k in (k_high, k_low))
    assert settled(complete([[300, 100], [100, 300]])).flow == pytest.approx(
        np.array([high, low, low, high]), abs=2
    )


def test_unequal_slots_are_the_root_of_the_quadratic() -> None:
    k, n, m = pull(1, 1), 2, 1
    half, square = (n + m) * k * k / (2 * (k * k - 1)), n * m * k * k / (k * k - 1)
    root = half - np.sqrt(half * half - square)
    market = settled(complete([[5]], slots=[n, m]))
    assert market.flow[0] == pytest.approx(MILLION * root, abs=2)


def test_a_symmetric_market_is_uniform() -> None:
    market = settled(complete([[400] * 5] * 5))
    assert len(set(market.flow.tolist())) == 1
    assert len(set(market.price.tolist())) == 1


def test_whoever_all_would_like_to_meet_has_the_highest_price() -> None:
    market = settled(complete([[900, 100, 100]] * 3))
    assert market.price[3] > max(market.price[4:])
    assert market.alone[3] < min(market.alone[4:])


def test_prices_are_in_worth_and_explain_the_flows() -> None:
    pairs = complete([[300, 120, 50], [200, 150, 90]])
    market = settled(pairs)
    left = pairs.worth - market.price[pairs.one] - market.price[pairs.other]
    mean = pairs.worth.mean()
    explained = np.exp(left / mean / (2 * TEMPERATURE)) * MILLION
    assert market.flow == pytest.approx(explained, rel=0.02)


@st.composite
def markets(draw: st.DrawFn) -> Pairs:
    people = draw(st.integers(2, 12))
    every = [(i, j) for i in range(people) for j in range(i + 1, people)]
    some = sorted(draw(st.sets(st.sampled_from(every), min_size=1, max_size=30)))
    worth = draw(st.lists(st.integers(0, 10**6), min_size=len(some), max_size=len(some)))
    slots = draw(st.lists(st.integers(0, 3), min_size=people, max_size=people))
    a, b = np.array(some).T
    return Pairs(a, b, np.array(worth), np.array(slots))


def marginals(pairs: Pairs, market: Equilibrium) -> Array:
    total = market.alone.copy()
    np.add.at(total, pairs.one, market.flow)
    np.add.at(total, pairs.other, market.flow)
    return total


@settings(deadline=None)
@given(markets())
def test_everyones_slots_are_accounted_for(pairs: Pairs) -> None:
    market = equilibrium(*pairs)
    off = np.abs(marginals(pairs, market) - pairs.slots * MILLION)
    assert off.max() <= market.unsettled + len(pairs.one) + 1


@settings(deadline=None)
@given(markets(), st.integers(2, 1000))
def test_the_scale_of_worth_changes_no_flow(pairs: Pairs, scale: int) -> None:
    larger = pairs._replace(worth=pairs.worth * scale)
    assert np.abs(equilibrium(*larger).flow - equilibrium(*pairs).flow).max() <= 1


@settings(deadline=None)
@given(markets())
def test_twice_the_slots_make_twice_the_flows(pairs: Pairs) -> None:
    twice = equilibrium(*pairs._replace(slots=pairs.slots * 2), iterations=300)
    once = equilibrium(*pairs, iterations=300)
    assert np.abs(twice.flow - 2 * once.flow).max() <= 4 * (1 + once.unsettled + twice.unsettled)


def test_nobody_with_a_slot_makes_no_market() -> None:
    nothing = complete([[5, 6]], slots=[0, 1, 1])
    market = equilibrium(*nothing)
    assert market.flow.tolist() == [0, 0]
    assert market.unsettled == 0


def crowded(people: int, seed: int) -> Pairs:
    """Two sides who mostly want the same: a few are worth a lot to everyone."""
    draw = np.random.default_rng(seed)
    popular = 0.1 + 0.9 * (np.arange(people) < people // 20)
    like, liked = (0.3 * draw.random((people, people)) + 0.7 * popular for _ in range(2))
    return complete(np.rint(like * liked.T * MILLION).astype(np.int64).tolist())


def served(pairs: Pairs, kept: Array) -> tuple[int, int]:
    """How many get somebody, and the worth of it."""
    chosen, _ = assignment.introductions(
        pairs.one, pairs.other, np.where(kept, pairs.worth, 0), pairs.slots
    )
    return int(np.count_nonzero(chosen)), int(pairs.worth[chosen].sum())


def test_a_short_list_of_the_likeliest_serves_all_where_one_of_the_best_serves_half() -> None:
    pairs = crowded(300, seed=3)
    kept, _ = shortlist(*pairs, most=10)
    table = pairs.worth.reshape(300, 300)
    nth = np.argsort(np.argsort(-table, axis=1), axis=1)
    nth_other = np.argsort(np.argsort(-table, axis=0), axis=0)
    best = ((nth < 10) | (nth_other < 10)).ravel()
    everything = served(pairs, np.ones(len(pairs.one), dtype=np.bool_))
    assert np.count_nonzero(kept) <= np.count_nonzero(best)
    assert served(pairs, kept)[0] == everything[0] == 300
    assert served(pairs, kept)[1] >= 0.999 * everything[1]
    assert served(pairs, best)[0] < 150


def test_a_kind_that_a_quota_asks_for_keeps_candidates_of_its_own() -> None:
    pairs = complete([[900, 800, 1, 2]] * 4)
    rare = pairs.worth < 10
    kept, _ = shortlist(*pairs, most=1, kinds=(rare,))
    for row in range(4):
        assert (kept & rare & (pairs.one == row)).any()


def test_few_candidates_are_all_kept() -> None:
    pairs = complete([[3, 0], [5, 1]])
    kept, unsettled = shortlist(*pairs, most=2)
    assert kept.tolist() == [True, False, True, True]
    assert unsettled == 0
