"""What the production code foretells: features as logged, learned from once, and scored as in rounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crosstie.evaluate.answers_moments import Moment, begins, moments
from crosstie.evaluate.answers_protocol import Answers, Recorded
from crosstie.evaluate.dataset import Dataset
from crosstie.matching.answers.features import logged
from crosstie.matching.answers.learning import LEAST, fit
from crosstie.matching.answers.lessons import Lesson
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.arrays import MILLION, Floats, Ints
from crosstie.matching.policy import Policy
from crosstie.network.state import folded

GROWN = 1.5  # times as many answers, before it is learned anew


@dataclass(frozen=True, slots=True)
class Foretold:
    """p(yes) of every later answer, and p(both accept) of every pair."""

    accepts: Floats
    both: Floats


@dataclass(frozen=True, slots=True)
class Matcher:
    """The matcher at every moment at which something was asked, and what it learned by the split."""

    record: Recorded
    policy: Policy
    moments: Sequence[Moment]
    model: AnswerModel | None  # None: too little trains

    def foretold(self, model: AnswerModel | None) -> Foretold:
        """By `model`, or by the policy's rules alone without one."""
        later, pairs = self.record.later, self.record.pairs
        return Foretold(
            accepts=self._chances(later.by, later.about, later.asked, model)[0],
            both=self._chances(pairs.one, pairs.other, pairs.asked, model).prod(axis=0),
        )

    def _chances(self, one: Ints, other: Ints, asked: Ints, model: AnswerModel | None) -> Floats:
        """Two rows: p(one accepts other), p(other accepts one)."""
        found = np.zeros((2, len(one)))
        for moment, part in _by_moment(self.moments, asked):
            scored = moment.score(one[part], other[part], self.policy, model)
            found[:, part] = np.array(scored.accepts) / MILLION
        return found


def matcher(data: Dataset, record: Recorded, policy: Policy) -> Matcher:
    """The matcher that was told the set in order of time, and fitted to the answers that train.

    The model that foretells is fitted once, at the split. What trains was seen, as in a running
    system, with what had been learned by then: anew whenever answers had grown by half.
    """
    when = np.unique(begins(record.answers.asked))
    seen = tuple(moments(data, record, when))
    members = seen[-1].network.members.items()
    sector = {subject: folded(each.sector) for subject, each in members if each.sector}
    return Matcher(record, policy, seen, fit(_lessons(record.past, seen, policy, sector), sector))


def _lessons(
    past: Answers, seen: Sequence[Moment], policy: Policy, sector: Mapping[str, str]
) -> list[Lesson]:
    """In order of the answers; what is known at a moment was asked at an earlier one."""
    found: dict[int, Lesson] = {}
    model, last = None, 0
    for moment, part in _by_moment(seen, past.asked):
        known = int(np.searchsorted(past.at, moment.at))
        if known >= max(LEAST, GROWN * last):
            model, last = fit([found[number] for number in range(known)], sector, model), known
        scored = moment.score(past.by[part], past.about[part], policy, model)
        assert scored.seen is not None  # `score` always asks for it
        subjects = moment.people.subjects
        for place, number in enumerate(part.tolist()):
            found[number] = Lesson(
                what="answered",
                yes=bool(past.yes[number]),
                kind="introduction",
                made_at=int(past.asked[number]),
                known_at=int(past.at[number]),
                by=subjects[int(past.by[number])],
                about=subjects[int(past.about[number])],
                seen=(
                    logged(scored.seen[0][place].tolist()),
                    logged(scored.seen[1][place].tolist()),
                ),
            )
    return [found[number] for number in range(len(past))]


def _by_moment(seen: Sequence[Moment], asked: Ints) -> Iterator[tuple[Moment, Ints]]:
    """The latest moment that is not after what was asked, with the numbers of what was asked then."""
    begun = np.array([each.at for each in seen], dtype=np.int64)
    place = np.searchsorted(begun, asked, side="right") - 1
    for number in np.unique(place).tolist():
        yield seen[number], np.flatnonzero(place == number)
