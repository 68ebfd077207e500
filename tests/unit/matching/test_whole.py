"""A round without the pairs on no short list decides what it decides with them."""

from __future__ import annotations

from msgspec import structs

from crosstie.matching import base
from crosstie.matching.occasion import Occasion
from crosstie.matching.step import Course, course
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, Town, locality

SHORT = structs.replace(
    POLICY,
    candidates=structs.replace(POLICY.candidates, shortlist=2),
    exploration=0.2,
)


def chosen(town: Town, *, whole: bool) -> Course:
    at = town.at + 20 * DAY_US
    learned, network = base.fit(town.network, SHORT, at), town.network
    occasion = Occasion(n=town.n + 1, at=at, seed=7, deployment="test", policy_digest="digest")
    return course(network, town.ledger, learned, SHORT, occasion, whole=whole)


def test_a_round_is_the_same_with_the_pairs_on_no_short_list_and_without() -> None:
    for seed in range(4):
        town = Town(locality(80, 300, seed), policy=SHORT).round()
        whole, spared = (chosen(town, whole=each) for each in (True, False))
        assert spared.made() == whole.made()
        assert spared.notes == whole.notes
        # else it shows little: some are drawn, and most pairs are on no list
        assert whole.notes["made.drawn"] > 0
        pairs = sum(len(each.one) for each in whole.choices if each.kind != "mentoring")
        assert whole.notes["shortlist.kept"] < pairs / 2
