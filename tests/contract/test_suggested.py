"""The sample of a suggestion is what the matcher decides of these people, and no invention."""

from __future__ import annotations

from msgspec import structs

from crosstie.contracts import suggested
from crosstie.contracts.suggested import MADE
from crosstie.matching import base, policy
from crosstie.matching.ledger import EMPTY
from crosstie.matching.occasion import Occasion
from crosstie.matching.step import step


def test_the_matcher_suggests_the_two_for_the_reasons_of_the_sample() -> None:
    network, weights = suggested.network(), policy.load(policy.DEFAULT)
    _, changes, _ = step(
        network,
        EMPTY,
        base.fit(network, weights, MADE.made_at),
        weights,
        Occasion(
            n=MADE.round, at=MADE.made_at, seed=1, deployment="local", policy_digest=MADE.policy
        ),
    )
    ((made, _),) = [structs.astuple(each) for each in changes]
    assert made.scores.keys() == MADE.scores.keys()
    assert structs.replace(made, id=MADE.id, scores=MADE.scores, features=MADE.features) == MADE


def test_a_final_state_has_neither_words_nor_attributes() -> None:
    for state in ("withdrawn", "expired", "closed"):
        data = suggested.suggestion_changed(state)
        assert data["mutual_contacts"] == []
        for member in data["members"]:
            assert {name for name, value in member.items() if value} == {"person", "direction"}
