"""A base for every round of a simulated locality, fitted to all answers so far, as matching fits it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from crosstie.matching import base as bases
from crosstie.matching.answers.lessons import Lesson, taught
from crosstie.matching.base import Base
from crosstie.matching.policy import Policy
from crosstie.simulate.rounds import Played


@dataclass
class Learner:
    """Call it with each round played; which ties form is left out: a fit for each round would take hours."""

    policy: Policy
    lessons: list[Lesson] = field(default_factory=list)

    def __call__(self, played: Played) -> Base:
        """The base for the round after `played`."""
        for change in played.changes:
            self.lessons.extend(taught(change, played.at))
        source = replace(bases.material(played.network, self.lessons), ties=None)
        return bases.fit(source, self.policy, played.at, played.base)
