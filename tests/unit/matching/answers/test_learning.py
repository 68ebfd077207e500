"""Which model is made of answers: none, the rules, a line or trees; and which takes whose place."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from crosstie.matching.answers.features import NAMES, UNIT, VERSION, logged
from crosstie.matching.answers.learning import (
    LEAST,
    LEAST_FOR_TREES,
    LEAST_NEW,
    MEETING,
    Taught,
    answered,
    learned,
    meetings,
    simplest,
)
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.answers.model import Level
from crosstie.matching.answers.predict import accepts, chance, meets
from crosstie.matching.arrays import Floats

NOBODY = Taught(np.empty((0, len(NAMES)), np.int32), np.empty(0, np.bool_), np.empty(0, np.int64))


def taught(count: int, weights: dict[str, float], seed: int = 1, rules: float = 0.0) -> Taught:
    """Answers by a hidden line over named features, beside what the rules make of it."""
    draw = np.random.default_rng(seed)
    seen = draw.integers(-2 * UNIT, 2 * UNIT, (count, len(NAMES)), dtype=np.int32)
    odds = sum((w * seen[:, NAMES.index(name)] / UNIT for name, w in weights.items()), start=0.0)
    odds = odds + rules * seen[:, 0] / UNIT
    return Taught(seen, draw.random(count) < chance(np.asarray(odds)), np.arange(count))


def loss(odds: Floats, of: Taught) -> float:
    right = np.where(of.yes, odds, 1 - odds)
    return float(-np.log(right).mean())


def test_few_answers_teach_nothing() -> None:
    assert learned(taught(LEAST - 1, {"interests": 1.0}), NOBODY) is None
    assert learned(NOBODY, NOBODY) is None


@pytest.mark.parametrize("count", [LEAST, LEAST_FOR_TREES])
@pytest.mark.parametrize("say", [True, False])
def test_answers_that_are_all_alike_teach_how_likely_such_an_answer_is(
    count: int, say: bool
) -> None:
    few = taught(count, {})
    model = learned(Taught(few.seen, np.full(count, say), few.known_at), NOBODY)
    assert model is not None
    foretold = accepts(model, few.seen) if say else 1 - accepts(model, few.seen)
    usual = chance(few.seen[:, 0] / UNIT) if say else 1 - chance(few.seen[:, 0] / UNIT)
    assert foretold.mean() > 0.8 > usual.mean()
    assert model.level == "logistic"


def test_rules_that_are_right_stay() -> None:
    model = learned(taught(1_000, {}, rules=1.0), NOBODY)
    assert model is not None
    assert model.level == "rules"


def test_what_the_rules_do_not_know_is_learned() -> None:
    hidden = {"interests": 1.5, "same_place": -1.0}
    model = learned(taught(2_000, hidden), NOBODY)
    assert model is not None
    assert model.level != "rules"
    later = taught(2_000, hidden, seed=2)
    best = loss(chance(np.asarray(later.seen / UNIT @ _weights(hidden))), later)
    assert loss(accepts(model, later.seen), later) < best + 0.02


def test_what_no_line_can_say_is_said_by_trees() -> None:
    seen = taught(6_000, {}).seen
    moderate = np.abs(seen[:, NAMES.index("interests")]) < UNIT
    either = Taught(seen, moderate, np.arange(len(seen)))
    model = learned(either, NOBODY)
    assert model is not None
    assert model.level == "trees"
    assert loss(accepts(model, seen), either) < 0.2 < np.log(2)


def test_of_two_that_foretell_alike_the_simpler_stands() -> None:
    draw = np.random.default_rng(1)
    alike = draw.random(400)
    loss: dict[Level, Floats] = {"rules": alike + 1.0, "logistic": alike, "trees": alike - 1e-6}
    assert simplest(loss) == "trees"
    loss["logistic"] = alike + draw.normal(0, 0.1, 400)
    loss["trees"] = alike
    assert simplest(loss) == "logistic"


def test_a_model_is_replaced_only_by_one_that_foretells_new_answers_no_worse() -> None:
    hidden, count = (
        {"interests": 1.5},
        LEAST_FOR_TREES - 1,
    )  # trees take long and decide nothing here
    first = learned(taught(count, hidden), NOBODY)
    assert first is not None
    right = replace(first, until=count - 100)
    spoiled = taught(count, hidden)
    flipped = np.where(np.arange(count) < count - 100, ~spoiled.yes, spoiled.yes)
    # all that it would learn from is wrong, the newest answers are right: the old one stays
    assert learned(Taught(spoiled.seen, flipped, spoiled.known_at), NOBODY, right) == right
    # and the other way round a wrong one goes
    wrong = learned(Taught(spoiled.seen, ~spoiled.yes, spoiled.known_at), NOBODY)
    assert wrong is not None
    better = learned(taught(count, hidden), NOBODY, replace(wrong, until=count // 2))
    assert better is not None
    assert better.linear != wrong.linear


def test_a_model_stays_until_there_is_news_enough_to_judge_by() -> None:
    answers = taught(2_000, {"interests": 1.5})
    first = learned(answers, NOBODY)
    assert first is not None
    stands = replace(first, until=2_000 - LEAST_NEW)
    assert learned(answers, NOBODY, stands) is stands


def test_a_model_of_other_features_is_replaced_at_once() -> None:
    answers = taught(2_000, {"interests": 1.5})
    first = learned(answers, NOBODY)
    assert first is not None
    renewed = learned(answers, NOBODY, replace(first, version=VERSION + 1))
    assert renewed is not None
    assert renewed.version == VERSION


@pytest.mark.parametrize(("met", "between"), [(0.9, (0.8, 0.95)), (0.2, (0.15, 0.3))])
def test_how_likely_they_meet_is_the_rate_so_far(met: float, between: tuple[float, float]) -> None:
    draw = np.random.default_rng(3)
    rows = taught(200, {}).seen
    model = learned(
        taught(100, {"interests": 1.0}), Taught(rows, draw.random(200) < met, np.arange(200))
    )
    assert model is not None
    found = meets(model, rows, rows)
    assert between[0] < found.min() <= found.max() < between[1]


def test_without_a_meeting_the_rate_is_what_is_believed_beforehand() -> None:
    model = learned(taught(100, {"interests": 1.0}), NOBODY)
    assert model is not None
    assert meets(model, NOBODY.seen, NOBODY.seen).shape == (0,)
    one = np.zeros((1, len(NAMES)), np.int32)
    assert meets(model, one, one)[0] == pytest.approx(MEETING)


def lesson(what: str, at: int, seen: tuple[int, ...], other: tuple[int, ...]) -> Lesson:
    return Lesson(what, at % 2 == 0, "introduction", 0, at, "A", "B", (seen, other))  # type: ignore[arg-type]


def test_lessons_become_rows_in_order_of_when_they_were_known() -> None:
    row = np.arange(len(NAMES), dtype=np.int32)
    told = [
        lesson("answered", at, logged((row + at).tolist()), logged(row.tolist()))
        for at in (3, 1, 2)
    ]
    told.append(lesson("met", 4, logged((row + 2).tolist()), logged(row.tolist())))
    told.append(
        lesson("answered", 5, (VERSION + 1, *row.tolist()), logged(row.tolist()))
    )  # of other code
    answers = answered(told)
    assert answers.known_at.tolist() == [1, 2, 3]
    assert answers.yes.tolist() == [False, True, False]
    assert np.array_equal(answers.seen[0], row + 1)
    assert np.array_equal(meetings(told).seen[0], row + 1)  # the mean of both sides


def _weights(named: dict[str, float]) -> Floats:
    return np.array([named.get(name, 0.0) for name in NAMES])
