"""The made-up market: its preferences, its measures on known answers, and who does better."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.errors import Misconfigured
from crosstie.simulate.market.lists import NOBODY, WAYS, Lists
from crosstie.simulate.market.measures import gini, measured, outcomes
from crosstie.simulate.market.preferences import Likes, Setting, hidden, popularity, seen

CROWDED = Setting(people=120, crowding=0.8, places=5)


@pytest.fixture(scope="module")
def crowded() -> dict[str, float]:
    return {each.way: each.matches for each in outcomes(CROWDED)}


def test_gini_of_equal_amounts_is_zero_and_of_one_taker_nearly_one() -> None:
    assert gini(np.full(8, 3.0)) == pytest.approx(0.0)
    assert gini(np.array([0.0] * 99 + [5.0])) == pytest.approx(0.99)
    assert gini(np.array([1.0, 3.0])) == pytest.approx(0.25)


def test_two_who_look_at_each_other_first_match_with_the_product_of_their_likes() -> None:
    likes = Likes(np.array([[0.5, 0.1], [0.2, 0.4]]), np.array([[0.8, 0.3], [0.6, 0.5]]))
    firsts = Lists(np.array([[0], [1]]), np.array([[0], [1]]))
    outcome = measured("by hand", firsts, likes)
    assert outcome.matches == pytest.approx(0.5 * 0.8 + 0.4 * 0.5)
    assert outcome.least == pytest.approx(0.4 * 0.5)
    assert outcome.exposure_gini == pytest.approx(0.0)


def test_the_second_place_is_looked_at_half_as_often_and_an_empty_one_never() -> None:
    likes = Likes(np.ones((2, 2)), np.ones((2, 2)))
    second = Lists(np.array([[1, 0], [NOBODY, NOBODY]]), np.array([[0, NOBODY], [NOBODY, NOBODY]]))
    outcome = measured("by hand", second, likes)
    assert outcome.matches == pytest.approx(0.5)
    assert outcome.without == 2


def test_one_in_twenty_are_liked_by_all() -> None:
    liked = popularity(Setting(people=100))
    assert liked[:5].tolist() == [1.0] * 5
    assert liked[5:].max() == 0.5


def test_the_same_seed_makes_the_same_market_and_another_seed_another() -> None:
    one, again, other = (hidden(Setting(people=20, seed=seed)) for seed in (1, 1, 2))
    assert (one.left == again.left).all()
    assert (one.left != other.left).any()


def test_a_matcher_without_error_sees_the_truth() -> None:
    setting = Setting(people=20, error=0.0)
    truth = hidden(setting)
    assert np.allclose(seen(truth, setting).left, np.maximum(truth.left, 0.001))


@pytest.mark.parametrize("way", [name for name in WAYS if name.startswith("crosstie")])
def test_rounds_show_a_pair_to_both_at_the_same_place_and_once(way: str) -> None:
    setting = Setting(people=30, places=4)
    lists = WAYS[way](seen(hidden(setting), setting), setting)
    pairs = [(i, j, place) for (i, place), j in np.ndenumerate(lists.left) if j != NOBODY]
    assert all(lists.right[j, place] == i for i, j, place in pairs)
    assert len({(i, j) for i, j, _ in pairs}) == len(pairs)


def test_rounds_bring_twice_the_matches_of_a_product_ranking(crowded: dict[str, float]) -> None:
    assert crowded["crosstie"] >= 2 * crowded["product"]


def test_prices_keep_the_popular_few_from_filling_every_short_list() -> None:
    setting = Setting(people=500, crowding=0.8, error=0.0, places=1)  # 25 popular, 20 on a list
    truth = hidden(setting)
    with_prices, without = (
        measured(way, WAYS[way](truth, setting), truth)
        for way in ("crosstie", "crosstie, no prices")
    )
    assert with_prices.matches > 1.2 * without.matches
    assert with_prices.exposure_gini < without.exposure_gini


def test_nobody_is_left_out_where_half_of_taste_is_ones_own() -> None:
    ours = next(each for each in outcomes(Setting(people=120)) if each.way == "crosstie")
    assert ours.exposure_gini <= 0.3
    assert ours.least >= 0.05


def test_the_command_prints_a_table_or_one_json_object() -> None:
    asked = ["simulate", "--market", "--people", "30", "--seed", "3"]
    table = CliRunner().invoke(app, asked)
    assert "harmonic mean" in table.stdout
    told = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert told["people"] == 30
    assert set(told["methods"]) == set(WAYS)
    assert told["methods"]["product"]["times_product"] == 1.0


@pytest.mark.parametrize(
    "wrong", [{"people": 1}, {"popularity": "many"}, {"places": 0}, {"seed": -1}]
)
def test_a_setting_that_makes_no_market_says_why(wrong: dict[str, int]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(wrong))):
        Setting(**wrong)  # type: ignore[arg-type]
