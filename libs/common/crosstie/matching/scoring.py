"""Candidate pairs with everything that decides about them: affinity both ways, and worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching import fairness
from crosstie.matching.affinity import Match, Shared, acceptance, direction, matches, shared
from crosstie.matching.arrays import Floats, Ints, keys_of, millionths
from crosstie.matching.blocks import in_blocks
from crosstie.matching.graph import Graph
from crosstie.matching.ledger import Ledger
from crosstie.matching.mentoring import suits
from crosstie.matching.people import People
from crosstie.matching.policy import Policy
from crosstie.matching.value import Worth, worth


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs (one[k], other[k]); in a mentoring `one` is the mentor."""

    one: Ints
    other: Ints
    common: Shared
    accepts: tuple[Ints, Ints]  # millionths: one accepts other, other accepts one
    gives: tuple[Match, Match]  # what one can give other, what other can give one
    toward: tuple[Ints, Ints]  # bits of DIRECTIONS: other as one sees them, and the other way round
    worth: Worth

    def __len__(self) -> int:
        return len(self.one)


@dataclass(frozen=True, slots=True)
class Scorer:
    """What is the same for all pairs of a round."""

    people: People
    graph: Graph
    policy: Policy
    deficit: Floats
    generosity: Floats
    demand: Floats
    busy: Floats

    def worth(self, one: Ints, other: Ints, *, mentoring: bool) -> Ints:
        """The worth of the pairs (one[k], other[k]); all else of `score` is let go, block by block."""
        total = np.empty(len(one), dtype=np.int64)

        def fill(part: slice) -> None:
            total[part] = self.score(one[part], other[part], mentoring=mentoring).worth.total

        in_blocks(fill, len(one))
        return total

    def score(self, one: Ints, other: Ints, *, mentoring: bool) -> Scored:
        """Everything about the pairs (one[k], other[k])."""
        people, policy = self.people, self.policy
        common = shared(people, self.graph, one, other)
        gives = (
            matches(one, other, people.offers, people.needs, policy.least_likeness),
            matches(other, one, people.offers, people.needs, policy.least_likeness),
        )
        effort = self._effort(one, other)  # above 0: by `one`
        p_one, p_other = (
            acceptance(
                policy.affinity,
                people,
                a,
                b,
                common,
                for_a=for_a,
                for_b=for_b,
                busy=self.busy,
                effort=by_b,
                mentoring=mentoring,
            )
            for a, b, for_a, for_b, by_b in (
                (one, other, gives[1], gives[0], -effort),
                (other, one, gives[0], gives[1], effort),
            )
        )
        value = worth(
            policy.value,
            common,
            p_one,
            p_other,
            gives=gives,
            deficit=(self.deficit[one] + self.deficit[other]) / 2,
            generosity=(self.generosity[one] + self.generosity[other]) / 2,
            load=(self.demand[one] + self.demand[other]) / 2,
            mentor=suits(policy.mentoring, people, common, one, other)
            if mentoring
            else np.zeros(len(one)),
        )
        return Scored(
            one=one,
            other=other,
            common=common,
            accepts=(millionths(p_one), millionths(p_other)),
            gives=gives,
            toward=(direction(people, one, other), direction(people, other, one)),
            worth=value,
        )

    def _effort(self, one: Ints, other: Ints) -> Floats:
        """Share by which `one` started more of their contacts than `other`; 0 for those who never met."""
        graph, size = self.graph, len(self.people)
        known = graph.a * size + graph.b
        if len(known) == 0:
            return np.zeros(len(one))
        keys = keys_of(one, other, size)
        place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        effort = np.where(known[place] == keys, graph.effort[place], 0.0)
        return np.where(one < other, effort, -effort)


def scorer(people: People, graph: Graph, ledger: Ledger, policy: Policy, at: int) -> Scorer:
    """The scorer of a round at `at`."""
    return Scorer(
        people=people,
        graph=graph,
        policy=policy,
        deficit=fairness.deficit(people, ledger, at),
        generosity=fairness.generosity(people),
        demand=fairness.demand(people, ledger, at),
        busy=fairness.busy(people, ledger),
    )
