from __future__ import annotations

import numpy as np
import pytest

from crosstie.matching import base
from crosstie.matching.flows import Flow, Problem, solved
from crosstie.matching.ledger import EMPTY
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.model import decided
from crosstie.matching.occasion import Occasion
from crosstie.matching.step import step
from crosstie.network.view import Network
from tests.unit.matching.towns import POLICY, START, locality


def test_every_assignment_of_a_round_is_solved_where_it_is_told() -> None:
    network = Network.of(locality(60, 300, 3))
    told: list[int] = []

    def elsewhere(problem: Problem) -> Flow:
        told.append(problem.supply)
        return solved(problem)

    first, second = (
        step(
            network,
            EMPTY,
            base.fit(network, POLICY, START),
            POLICY,
            Occasion(n=1, at=START, seed=3, deployment="test", policy_digest="digest"),
            solve=solve,
        )
        for solve in (solved, elsewhere)
    )
    assert decided(*first[1:]) + encode(first[0]) == decided(*second[1:]) + encode(second[0])
    notes = second[2]
    assert notes["made.mentoring"] > 0
    assert len(told) == notes["assignment.attempts"] + 1, "introductions, and mentorings once"


def test_what_has_no_room_is_said() -> None:
    ones = np.ones(1, dtype=np.int64)
    nodes = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    with pytest.raises(AssertionError, match="is there room for all"):
        solved(Problem([*nodes, ones, ones], 0, 1, 2))
