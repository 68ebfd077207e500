"""What affinity sees is the same whatever was learned; what is made of it is the model's."""

from __future__ import annotations

import numpy as np

from crosstie.matching import base as bases
from crosstie.matching.answers.features import NAMES
from crosstie.matching.base import Base
from crosstie.matching.graph import led
from crosstie.matching.ledger import Ledger
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.model import decided
from crosstie.matching.occasion import Occasion
from crosstie.matching.people import columns
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.scoring import scorer
from crosstie.matching.step import step
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network
from crosstie.simulate.learner import Learner
from crosstie.simulate.rounds import Played, play
from crosstie.simulate.scenario import Scenario
from tests.unit.matching.towns import POLICY

SECTORS = NAMES.index("sectors")


def seasoned() -> Played:
    """The last of some rounds that learned as they went."""
    scenario = Scenario(members=80, days=30, seed=2)
    return [*play(scenario, POLICY, every_days=7, refit=Learner(POLICY))][-1]


def rounded(network: Network, ledger: Ledger, base: Base, policy: Policy, at: int) -> bytes:
    ledger, changes, notes = step(
        network,
        ledger,
        base,
        policy,
        Occasion(n=9, at=at, seed=7, deployment="test", policy_digest="digest"),
    )
    return decided(changes, notes) + encode(ledger)


def test_a_round_by_a_learned_base_is_the_same_by_the_base_read_back() -> None:
    last = seasoned()
    assert last.base.answers is not None
    assert last.base.answers.level != "rules"
    kept = bases.decode(bases.encode(last.base))
    at = last.at + 7 * DAY_US
    one, other = (
        rounded(last.network, last.ledger, base, POLICY, at) for base in (last.base, kept)
    )
    assert one == other
    assert one != rounded(last.network, last.ledger, Base(), POLICY, at)


def test_what_is_seen_of_a_pair_does_not_depend_on_what_was_learned() -> None:
    last = seasoned()
    at = last.at + 7 * DAY_US
    prepared = Prepared.of(last.network)
    people = columns(last.network, last.base, prepared.profiles)
    ties = led(*prepared.contacts.between(people.index), people.eligible, at)
    one, other = np.triu_indices(len(people), 1)
    seen = []
    for model in (last.base.answers, None):
        scored = scorer(people, ties, last.ledger, POLICY, at, model).score(
            one, other, mentoring=False
        )
        assert scored.seen is not None
        seen.append(np.delete(np.concatenate(scored.seen), SECTORS, axis=1))
    assert seen[0][:, NAMES.index("own_rate")].any()
    assert np.array_equal(seen[0], seen[1])
