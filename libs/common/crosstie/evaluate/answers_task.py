"""Answers to suggestions, foretold by ours and by the baselines, and how good the probabilities are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct
from threadpoolctl import threadpool_limits

from crosstie.evaluate.answers_baselines import BASELINES, Chance
from crosstie.evaluate.answers_foretold import Foretold, matcher
from crosstie.evaluate.answers_protocol import Recorded, recorded
from crosstie.evaluate.calibration import Calibrated, calibrated
from crosstie.evaluate.dataset import read
from crosstie.evaluate.protocol import TRAIN
from crosstie.matching import policy as policies
from crosstie.matching.answers.model import Level

OURS, RULES = "crosstie", "rules"
IN_WORDS: Mapping[str, str] = {
    RULES: "the policy's rules",
    "logistic": "logistic, plain attributes",
    "popularity": "popularity",
    "als": "ALS",
}
NOTES: Mapping[str, str] = {
    OURS: "p(one accepts the other) of crosstie.matching.scoring, as a round has it, by a model of "
    "crosstie.matching.answers fitted once, to the answers that train; those given since count as "
    "rates of members",
    "told": "what a set does not hold (wishes, needs, offers, interests, who is busy) is unknown to "
    "all methods",
}

Method = dict[str, Calibrated | str]


class Answered(Struct, frozen=True):
    """One set. A method that could not be tried has `error` in place of figures."""

    dataset: str
    task: str
    members: int
    answers: int
    training: int
    testing: int
    pairs: int  # in what is tested, of which is known whether both accept
    without_suggestion: int  # answers that no suggestion of the pair preceded
    accepted: float  # share of what is tested
    model: Level | None  # that was learned; None: none, and the rules stand
    methods: dict[str, Method]
    notes: dict[str, str]


def compare(folder: Path, *, train: float = TRAIN, seed: int = 0) -> Answered:
    """Ours and every baseline on the answers in `folder`."""
    data = read(folder)
    record = recorded(data, train=train)
    with threadpool_limits(limits=1):  # small matrices; and the same sums on any machine
        ours = matcher(data, record, policies.load(policies.DEFAULT))
        methods = {
            OURS: _measured(ours.foretold(ours.model), record),
            RULES: _measured(ours.foretold(None), record),
        }
        for name, fitted in BASELINES.items():
            methods[name] = _tried(partial(fitted, data, record.past, seed), record)
    later = record.later
    return Answered(
        dataset=data.name,
        task="answers",
        members=len(data.members),
        answers=len(record.answers),
        training=record.training,
        testing=len(later),
        pairs=len(record.pairs.one),
        without_suggestion=record.without_suggestion,
        accepted=round(float(later.yes.mean()), 4),
        model=None if ours.model is None else ours.model.level,
        methods=methods,
        notes=dict(NOTES),
    )


def _tried(fitted: Callable[[], Chance], record: Recorded) -> Method:
    try:
        chance = fitted()
    except ModuleNotFoundError as missing:
        return {"error": f"{missing.name} is not installed: pip install 'crosstie[evaluate]'"}
    later, pairs = record.later, record.pairs
    both = chance(pairs.one, pairs.other) * chance(pairs.other, pairs.one)
    return _measured(Foretold(chance(later.by, later.about), both), record)


def _measured(foretold: Foretold, record: Recorded) -> Method:
    return {
        "accepts": calibrated(foretold.accepts, record.later.yes),
        "both": calibrated(foretold.both, record.pairs.yes),
    }
