"""What rounding lost is won back: one pair for the lightest at its full ends."""

from __future__ import annotations

import numpy as np
import pytest

from crosstie.matching import repairs
from tests.unit.matching.repaired import Market, exchanged


def test_a_pair_that_fits_is_added_and_costs_nothing() -> None:
    market = Market.of({(0, 1): 5, (2, 3): 4}, "01", [1, 1, 1, 1])
    assert exchanged(market, 0) == "11"


def test_a_full_end_gives_up_its_lightest_pair() -> None:
    market = Market.of({(0, 1): 5, (0, 2): 3, (0, 3): 2, (0, 4): 4}, "0111", [3, 1, 1, 1, 1])
    assert exchanged(market, 0) == "1101"


def test_the_lightest_is_found_wherever_it_stands_among_all_pairs() -> None:
    market = Market.of({(0, 2): 1, (0, 3): 3, (0, 1): 5}, "110", [2, 1, 1, 1])
    assert exchanged(market, 2) == "011"


def test_both_ends_give_up_one_where_both_are_full() -> None:
    market = Market.of({(0, 1): 9, (0, 2): 3, (1, 3): 2, (1, 4): 1}, "0111", [1, 2, 1, 1, 1])
    assert exchanged(market, 0) == "1010"


@pytest.mark.parametrize("worths", [(5, 2, 2, 3), (5, 3, 2, 2), (5, 2, 3, 2)])
def test_of_equally_light_pairs_the_first_is_given_up(worths: tuple[int, ...]) -> None:
    ends = [(0, 1), (0, 2), (0, 3), (0, 4)]
    market = Market.of(dict(zip(ends, worths, strict=True)), "0111", [3, 1, 1, 1, 1])
    lightest = min(range(1, 4), key=lambda each: worths[each])
    assert exchanged(market, 0) == "".join("0" if n == lightest else "1" for n in range(4))


def test_of_equals_the_first_pair_goes_whichever_comes_first_among_the_member_s() -> None:
    market = Market.of({(0, 1): 2, (0, 2): 2, (0, 3): 5}, "110", [2, 1, 1, 1])
    first, pairs = market.by_member()
    pairs[first[0] : first[1]] = pairs[first[0] : first[1]][::-1]
    chosen = market.chosen.copy()
    repairs.exchange(
        np.array([2]), chosen, market.a, market.b, market.worth, market.room, first, pairs
    )
    assert chosen.tolist() == [False, True, True]


def test_whoever_was_concerned_once_is_left_alone_for_this_pass() -> None:
    # the first exchange concerns 0, 1 and 2 (who lost a pair); the others would each fit otherwise
    pairs = {(0, 1): 9, (0, 2): 1, (2, 3): 8, (1, 4): 7, (0, 5): 6, (6, 7): 5}
    market = Market.of(pairs, "010000", [1, 2, 2, 1, 1, 1, 1, 1])
    assert exchanged(market, 0, 2, 3, 4, 5) == "100001"


def test_who_lost_a_pair_at_the_far_end_is_left_alone_too() -> None:
    market = Market.of({(1, 2): 9, (0, 1): 1, (0, 3): 8}, "010", [2, 1, 1, 1])
    assert exchanged(market, 0, 2) == "100"
