from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import base
from crosstie.matching.explain import explain
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.occasion import Occasion
from crosstie.matching.prepared import Prepared
from crosstie.matching.preview import Preview, preview
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, START, Town, locality, member, rows


def previewed(town: Town, subject: str, *, days: float = 0, most: int = 10) -> Preview:
    at = town.at + int(days * DAY_US)
    return preview(
        Prepared.of(town.network),
        town.ledger,
        base.fit(town.network, POLICY, at),
        POLICY,
        Occasion(n=town.n + 1, at=at, seed=7, deployment="test", policy_digest="digest"),
        subject=subject,
        most=most,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(0, 120), st.integers(0, 99), st.sampled_from((0, 5, 15, 40)))
def test_a_preview_is_what_the_next_round_decides(
    people: int, ties: int, seed: int, days: int
) -> None:
    town = Town(locality(people, ties, seed)).round()
    for suggestion in town.made[::3]:
        town = town.answered(suggestion, (0, "declined"))
    subject = f"P{random.Random(seed).randrange(people):015d}"
    seen = previewed(town, subject, days=days)
    made = town.round(days, serve=frozenset((subject,))).made
    theirs = [each for each in made if subject in each.members]
    assert sorted(seen.suggested, key=lambda each: each.id) == theirs
    assert (seen.why is None) == bool(theirs)


def test_a_preview_changes_nothing() -> None:
    town = Town(locality(60, 200, 3)).round()
    before = encode(town.ledger)
    previewed(town, "P000000000000007", days=9)
    assert encode(town.ledger) == before


def test_the_next_best_are_others_in_order_of_worth() -> None:
    town = Town(locality(80, 200, 4))
    seen = previewed(town, "P000000000000003", most=5)
    assert len(seen.next_best) == 5
    worths = [each.scores["worth"] for each in seen.next_best]
    assert worths == sorted(worths, reverse=True)
    assert not {each.id for each in seen.suggested} & {each.id for each in seen.next_best}
    for each in (*seen.suggested, *seen.next_best):
        side = each.members.index("P000000000000003")
        assert explain(each, town.network, side, lambda subject: subject)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 99), st.integers(1, 12))
def test_few_of_the_next_best_are_the_first_of_many(seed: int, most: int) -> None:
    town, subject = Town(locality(60, 200, seed)), f"P{seed % 60:015d}"
    few, many = (previewed(town, subject, most=each).next_best for each in (most, 1000))
    assert few == many[:most]


def test_whoever_is_suggested_nobody_is_told_why() -> None:
    town = Town(rows(member("A", paused=True), member("B")))
    assert previewed(town, "A") == Preview((), (), "paused")
    assert previewed(town, "nobody").why == "not a member"
    assert previewed(Town(rows(member("A"))), "A").why is not None


def test_at_the_same_moment_a_preview_repeats_itself() -> None:
    town = Town(locality(40, 100, 9), at=START + DAY_US)
    assert previewed(town, "P000000000000001") == previewed(town, "P000000000000001")
