"""What is learned of a locality's answers foretells its later ones, and better than the rules."""

from __future__ import annotations

import numpy as np
import pytest

from crosstie.evaluate.calibration import expected_calibration_error as ece
from crosstie.evaluate.calibration import log_loss
from crosstie.matching import policy
from crosstie.matching.answers.learning import Taught, answered
from crosstie.matching.answers.lessons import Lesson, taught
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.answers.predict import accepts, chance
from crosstie.matching.base import Base
from crosstie.simulate.learner import Learner
from crosstie.simulate.rounds import Played, play
from crosstie.simulate.scenario import Scenario

POLICY = policy.load(policy.DEFAULT)
ANSWERS = 5_000  # learned from
LATER = 2_000  # foretold


def foretold(people: int, seed: int) -> tuple[AnswerModel, Taught]:
    """The model of the first answers of a locality, and the answers to what it then suggested."""
    learner, later = Learner(POLICY), list[Lesson]()
    base: Base | None = None

    def refit(played: Played) -> Base:
        nonlocal base
        if base is not None:
            later.extend(each for change in played.changes for each in taught(change, played.at))
            return base
        fitted = learner(played)
        base = fitted if len(learner.lessons) >= ANSWERS else None
        return fitted

    for _ in play(Scenario(members=people, seed=seed, days=400), POLICY, every_days=7, refit=refit):
        if len(later) >= LATER:
            break
    assert base is not None
    assert base.answers is not None
    return base.answers, answered(later)


@pytest.mark.slow
def test_after_5000_answers_chances_are_what_happens() -> None:
    model, later = foretold(people=500, seed=4)
    ours, rules = accepts(model, later.seen), chance(later.seen[:, 0] / 1000)
    assert model.lessons >= 0.8 * ANSWERS
    assert ece(ours, later.yes) <= 0.05 < ece(rules, later.yes)
    always = np.full(len(later), model.rate)
    assert log_loss(ours, later.yes) < min(log_loss(each, later.yes) for each in (rules, always))


def test_the_same_locality_teaches_the_same() -> None:
    scenario = Scenario(members=80, days=30, seed=2)
    one, other = (
        [*play(scenario, POLICY, every_days=7, refit=Learner(POLICY))][-1].base for _ in range(2)
    )
    assert one.answers is not None
    assert one == other
