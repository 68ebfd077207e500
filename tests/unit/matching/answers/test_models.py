"""Line and trees against scikit-learn's own, and what holds them near the rules."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from crosstie.matching.answers import logistic, trees
from crosstie.matching.answers.features import MOST, NAMES, UNIT, VERSION, Seen, logged, table
from crosstie.matching.answers.model import AnswerModel, Linear
from crosstie.matching.answers.predict import accepting_odds, accepts, grown, linear, meets
from crosstie.matching.arrays import Bools, Floats


def drawn(count: int, seed: int = 1) -> tuple[Seen, Bools, Floats]:
    """Rows of features, answers by a hidden line, and its log-odds."""
    draw = np.random.default_rng(seed)
    seen = draw.integers(-2 * UNIT, 2 * UNIT, (count, len(NAMES)), dtype=np.int32)
    weights = draw.normal(0, 0.3, len(NAMES))
    odds = seen / UNIT @ weights
    return seen, np.asarray(draw.random(count) < 1 / (1 + np.exp(-odds))), odds


def test_a_line_is_the_one_that_scikit_learn_finds() -> None:
    seen, yes, _ = drawn(2_000)
    ours = linear(logistic.fit(seen, yes, 10.0, rules=0.0), seen)
    scaled = (seen - seen.mean(axis=0)) / seen.std(axis=0)
    theirs = LogisticRegression(C=1 / 10.0, tol=1e-10, max_iter=1_000).fit(scaled, yes)
    # scikit-learn leaves the start free, ours is held near 0 by a weight of one in 2,000
    assert np.abs(ours - theirs.decision_function(scaled)).max() < 0.01


def test_with_few_answers_a_line_is_the_rules_and_with_many_its_own() -> None:
    seen, yes, odds = drawn(20_000)
    few, many = (logistic.fit(seen[:n], yes[:n], 300.0) for n in (5, 20_000))
    assert np.abs(linear(few, seen) - seen[:, 0] / UNIT).mean() < 0.5
    assert np.corrcoef(linear(many, seen), odds)[0, 1] > 0.98


def test_trees_taken_out_say_what_they_said_inside() -> None:
    seen, yes, _ = drawn(3_000)
    model = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=8, random_state=0)
    model.fit(seen.astype(np.float64), yes)
    ours = grown(trees.taken_out(model), seen)
    assert np.allclose(ours, model.decision_function(seen.astype(np.float64)), atol=1e-9)


@pytest.mark.parametrize("yes", [np.ones(200, np.bool_), np.zeros(200, np.bool_)])
def test_answers_that_are_all_alike_grow_no_trees(yes: Bools) -> None:
    assert trees.fit(drawn(200)[0], yes).roots == ()


def test_the_same_answers_give_the_same_trees() -> None:
    seen, yes, _ = drawn(1_000)
    assert trees.fit(seen, yes) == trees.fit(seen, yes)


def test_a_feature_is_whole_thousandths_within_bounds() -> None:
    columns = {"rules": np.array([0.12345, 1e9]), "effort": np.array([-0.5, -1e9])}
    seen = table(columns, 2)
    assert seen[:, NAMES.index("rules")].tolist() == [123, MOST]
    assert seen[:, NAMES.index("effort")].tolist() == [-500, -MOST]
    assert seen[:, NAMES.index("busy")].tolist() == [0, 0]
    assert logged(seen[0]) == (VERSION, *seen[0].tolist())


def test_a_model_of_other_features_leaves_the_rules_to_decide() -> None:
    seen, *_ = drawn(10)
    other = AnswerModel(version=VERSION + 1, level="logistic", linear=Linear(start=9.0))
    assert np.array_equal(accepting_odds(other, seen), seen[:, 0] / UNIT)


def test_chances_are_within_0_and_1_however_far_the_features() -> None:
    seen = np.full((2, len(NAMES)), MOST, dtype=np.int32)
    seen[1] = -MOST
    model = AnswerModel(VERSION, "logistic", linear=Linear(rules=1e3), meets=Linear(rules=1e3))
    for chance in (accepts(model, seen), meets(model, seen, seen)):
        assert ((chance >= 0) & (chance <= 1)).all()
