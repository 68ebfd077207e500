"""What affinity sees in a round, and what the base's model makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching.answers import predict, sectors
from crosstie.matching.answers.features import NAMES, UNIT, Seen, table
from crosstie.matching.answers.looks import Between, Standing, looks
from crosstie.matching.answers.memory import Memory
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.answers.rates import Tendencies
from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ledger import Ledger
from crosstie.matching.people import People

__all__ = ["NAMES", "Between", "Sight", "Standing", "sight"]


@dataclass(frozen=True, slots=True)
class Sight:
    """One per round. Without a model the policy's rules decide, and what they saw is logged."""

    people: People
    standing: Standing
    memory: Memory
    model: AnswerModel | None
    sectors: dict[int, float]

    def seen(
        self,
        tendencies: Tendencies,
        by: Ints,
        about: Ints,
        rules: Floats,
        closeness: Floats,
        pair: Between,
    ) -> Seen:
        """The features of every pair; `rules`: log-odds by the policy."""
        people = self.people
        sector = people.sector
        columns = looks(people, self.standing, by, about, pair)
        columns |= tendencies.columns(by, about)
        columns["rules"], columns["closeness"] = rules, closeness
        columns["sectors"] = sectors.looked_up(
            self.sectors, sector[by], sector[about], max(people.sectors, 1)
        )
        return table(columns, len(by))

    def accepts(self, seen: Seen) -> Floats:
        """p(by accepts about) of rows of features."""
        if self.model is None:
            return predict.chance(seen[:, 0] / UNIT)
        return predict.accepts(self.model, seen)

    def meets(self, one: Seen, other: Seen) -> Floats:
        """p(they meet, once both accepted); 1 without a model."""
        if self.model is None:
            return np.ones(len(one))
        return predict.meets(self.model, one, other)


def sight(people: People, standing: Standing, ledger: Ledger, model: AnswerModel | None) -> Sight:
    """The sight of a round; a model of other features than this code's is none."""
    usable = model if model is not None and predict.usable(model) else None
    between = sectors.between({} if usable is None else usable.sectors, people.sector_names)
    return Sight(people, standing, Memory(ledger, people), usable, between)
