"""Candidate pairs with everything that decides about them: affinity both ways, and worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching import fairness
from crosstie.matching.affinity import (
    Match,
    Shared,
    direction,
    given,
    rule_odds,
    shared,
    taken,
)
from crosstie.matching.answers.features import Seen
from crosstie.matching.answers.model import AnswerModel
from crosstie.matching.answers.predict import chance
from crosstie.matching.answers.rates import Tendencies
from crosstie.matching.answers.sight import Between, Sight, Standing, sight
from crosstie.matching.arrays import Bools, Floats, Ints, millionths
from crosstie.matching.blocks import in_blocks
from crosstie.matching.graph import Graph
from crosstie.matching.ledger import Ledger
from crosstie.matching.mentoring import suits
from crosstie.matching.people import People
from crosstie.matching.policy import Policy
from crosstie.matching.ties.near import Near
from crosstie.matching.value import Worth, worth


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs (one[k], other[k]); in a mentoring `one` is the mentor."""

    one: Ints
    other: Ints
    common: Shared
    accepts: tuple[Ints, Ints]  # millionths: one accepts other, other accepts one
    meets: Ints  # millionths, once both accepted
    gives: tuple[Match, Match]  # what one can give other, what other can give one
    toward: tuple[Ints, Ints]  # bits of DIRECTIONS: other as one sees them, and the other way round
    worth: Worth
    seen: tuple[Seen, Seen] | None  # what affinity saw of either side, where that was asked for

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
    sight: Sight
    near: Near

    def worth(self, one: Ints, other: Ints, *, mentoring: bool) -> Ints:
        """The worth of the pairs (one[k], other[k]); all else of `score` is let go, block by block."""
        total = np.empty(len(one), dtype=np.int64)
        past = self.sight.memory.of(one, other) if self.sight.model else None

        def fill(part: slice) -> None:
            a, b = one[part], other[part]
            total[part] = self._score(a, b, past, mentoring=mentoring).worth.total

        in_blocks(fill, len(one))
        return total

    def score(self, one: Ints, other: Ints, *, mentoring: bool) -> Scored:
        """Everything about the pairs (one[k], other[k]), also what affinity saw."""
        return self._score(one, other, self.sight.memory.of(one, other), mentoring=mentoring)

    def _score(self, one: Ints, other: Ints, past: Tendencies | None, *, mentoring: bool) -> Scored:
        people, policy = self.people, self.policy
        common = shared(people, self.graph, one, other)
        gives = (
            given(one, other, people.offers, people.needs, policy.least_likeness),
            taken(one, other, people.offers, people.needs, policy.least_likeness),
        )
        known, effort = self._known(one, other)  # above 0: by `one`
        sides = (
            (one, other, gives[1], gives[0], -effort),
            (other, one, gives[0], gives[1], effort),
        )
        closeness = self.near.closeness(one, other), self.near.closeness(other, one)
        odds = [
            rule_odds(
                policy.affinity,
                people,
                a,
                b,
                common,
                for_a=for_a,
                for_b=for_b,
                busy=self.busy,
                effort=by_b,
                closeness=close,
                mentoring=mentoring,
            )
            for (a, b, for_a, for_b, by_b), close in zip(sides, closeness, strict=True)
        ]
        seen: tuple[Seen, Seen] | None = None
        (p_one, p_other), p_meet = map(chance, odds), np.ones(len(one))
        if past is not None:
            first, second = (
                self.sight.seen(
                    past,
                    a,
                    b,
                    rules,
                    close,
                    Between(common, for_a, for_b, by_b, known, role if mentoring else 0),
                )
                for (a, b, for_a, for_b, by_b), rules, close, role in zip(
                    sides, odds, closeness, (1, -1), strict=True
                )
            )
            seen = first, second
            if self.sight.model is not None:
                p_one, p_other = map(self.sight.accepts, seen)
                p_meet = p_meet if mentoring else self.sight.meets(*seen)
        value = worth(
            policy.value,
            common,
            p_one,
            p_other,
            p_meet,
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
            meets=millionths(p_meet),
            gives=gives,
            toward=(direction(people, one, other), direction(people, other, one)),
            worth=value,
            seen=seen,
        )

    def _known(self, one: Ints, other: Ints) -> tuple[Bools, Floats]:
        """Whether they met, and the share by which `one` started more of their contacts than `other`."""
        place = self.graph.places(one, other)
        known = place >= 0
        effort = np.zeros(len(one))
        effort[known] = self.graph.ties[place[known]]["effort"]
        return known, np.where(one < other, effort, -effort)


def scorer(
    people: People,
    graph: Graph,
    ledger: Ledger,
    policy: Policy,
    at: int,
    answers: AnswerModel | None = None,
    near: Near | None = None,
) -> Scorer:
    """The scorer of a round at `at`; `answers`: what was learned of them, if anything.

    `near`: whom some are near, if the round looked.
    """
    standing = Standing(
        ties=np.diff(graph.links.indptr).astype(np.int64),
        busy=fairness.busy(people, ledger),
        generosity=fairness.generosity(people),
        demand=fairness.demand(people, ledger, at),
    )
    return Scorer(
        people=people,
        graph=graph,
        policy=policy,
        deficit=fairness.deficit(people, ledger, at),
        generosity=standing.generosity,
        demand=standing.demand,
        busy=standing.busy,
        sight=sight(people, standing, ledger, answers),
        near=Near.nobody(len(people)) if near is None else near,
    )
