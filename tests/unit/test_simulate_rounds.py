"""Rounds of a simulated locality, played in one process: people answer what they are shown."""

from __future__ import annotations

from collections import Counter

from crosstie.matching import policy
from crosstie.matching.base import Base
from crosstie.matching.model import decided
from crosstie.simulate.rounds import Played, play
from crosstie.simulate.scenario import Scenario

POLICY = policy.load(policy.DEFAULT)


def played() -> list[Played]:
    return list(play(Scenario(members=60, days=30, seed=3), POLICY, every_days=3))


def test_suggestions_are_answered_and_the_same_scenario_plays_the_same() -> None:
    one, other = played(), played()
    causes = Counter(change.cause for each in one for change in each.changes)
    assert {"made", "accepted", "declined", "met", "expired"} <= causes.keys()
    assert all(len(each.shown) <= len(each.changes) for each in one)
    assert [decided(each.changes, each.notes) for each in one] == [
        decided(each.changes, each.notes) for each in other
    ]


def test_a_new_base_decides_the_next_round() -> None:
    bases = []

    def refit(last: Played) -> Base:
        bases.append(last.base)
        return last.base

    rounds = list(play(Scenario(members=60, days=9), POLICY, every_days=3, refit=refit))
    assert len(bases) == len(rounds) == 3
