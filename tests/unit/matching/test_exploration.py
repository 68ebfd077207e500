"""Slots that go to pairs drawn at random: how many, how likely each, and within everyone's slots."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.matching import policy
from crosstie.matching.arrays import Ints
from crosstie.matching.drawing import draws
from crosstie.matching.exploration import Drawn, explore
from tests.unit.matching.towns import Town, locality


def drawn(
    a: list[int],
    b: list[int],
    slots: list[int],
    *,
    share: float,
    seed: int = 1,
    worth: list[int] | None = None,
) -> Drawn:
    order = draws(seed, "order", [f"M{i}" for i in range(len(slots))])
    everyone = np.ones(len(slots), dtype=np.bool_)
    value = np.array(worth if worth is not None else [1] * len(a), dtype=np.int64)
    return explore(np.array(a), np.array(b), value, np.array(slots), everyone, share, order)


def ring(people: int) -> tuple[list[int], list[int]]:
    return list(range(people)), [(i + 1) % people for i in range(people)]


def test_a_share_of_nothing_draws_nothing() -> None:
    assert not drawn(*ring(50), [2] * 50, share=0).chosen.any()


def test_about_the_stated_share_of_slots_is_drawn() -> None:
    people, each = 4000, 2
    a = [i for i in range(people) for _ in range(5)]
    b = [(i + step) % people for i in range(people) for step in (1, 7, 31, 101, 503)]
    taken = 2 * np.count_nonzero(drawn(a, b, [each] * people, share=0.1).chosen)
    assert taken / (people * each) == pytest.approx(0.1, rel=0.1)


def test_nobody_gives_more_slots_than_they_have() -> None:
    a, b = [0] * 30, list(range(1, 31))
    found = drawn(a, b, [1] + [3] * 30, share=1.0)
    assert np.count_nonzero(found.chosen) == 1


def test_every_candidate_is_drawn_as_often_as_recorded() -> None:
    a, b, slots = [0, 0, 0, 0], [1, 2, 3, 4], [1, 1, 1, 1, 1]
    turns, counts, seeds = np.array([True] + [False] * 4), np.zeros(4), 4000
    for seed in range(seeds):
        order = draws(seed, "order", list("ABCDE"))
        found = explore(
            np.array(a), np.array(b), np.ones(4, dtype=np.int64), np.array(slots), turns, 0.5, order
        )
        counts += found.chosen
        assert set(found.propensity[found.chosen].tolist()) <= {250_000}
        assert not found.end[found.chosen].any()
    assert counts / seeds == pytest.approx(np.full(4, 0.25 * 0.25), rel=0.2)


def test_pairs_of_too_little_worth_are_never_drawn() -> None:
    found = drawn([0, 0], [1, 2], [1, 1, 1], share=1.0, worth=[0, 5], seed=3)
    assert not found.chosen[0]


def test_a_round_records_the_odds_of_what_it_drew_and_stays_within_slots() -> None:
    curious = msgspec.structs.replace(policy.load(policy.DEFAULT), exploration=0.3)
    town = Town(locality(150, 600), policy=curious).round()
    odds = [
        score
        for each in town.made
        for name, score in each.scores.items()
        if name.startswith("propensity_")
    ]
    assert len(odds) == town.notes["made.drawn"] > 5
    assert all(0 < each <= 1_000_000 for each in odds)
    again = replace(town, changes=()).round()
    assert not [each for each in again.made if each.kind != "mentoring"]


@given(
    st.integers(0, 2**64), st.lists(st.text(st.characters(codec="utf-8"), max_size=200), max_size=6)
)
def test_a_draw_is_the_hash_that_anyone_can_recompute(seed: int, subjects: list[str]) -> None:
    texts = (f"{seed}/order/{subject}".encode() for subject in subjects)
    hashes = [blake2b(text, digest_size=8).digest() for text in texts]
    assert draws(seed, "order", subjects).tolist() == [
        int.from_bytes(each, "little") for each in hashes
    ]


def asked(people: int, seed: int) -> tuple[Ints, Ints, Ints]:
    """Everyone of `people` may meet two to eight of the helpers; which of those they like best."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(2, 9, people)
    one = np.repeat(np.arange(people), counts)
    nth = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts, counts)
    best = np.cumsum(counts) - counts + rng.integers(0, counts)
    return one, people + nth, best


def test_weighing_by_propensity_estimates_another_choice_without_bias() -> None:
    """Answers to drawn pairs tell what always suggesting the best liked would have brought."""
    people, helpers = 30_000, 8
    one, other, best = asked(people, seed=2)
    rng = np.random.default_rng(3)
    accepts = 0.1 + 0.6 * np.isin(np.arange(len(one)), best)
    answers = rng.random(len(one)) < accepts
    slots = np.array([1] * people + [10 * people] * helpers)
    turns = np.arange(people + helpers) < people
    order = draws(4, "order", [f"M{i}" for i in range(len(slots))])
    found = explore(one, other, np.ones_like(one), slots, turns, 0.5, order)
    drew = np.flatnonzero(found.chosen)
    hits = np.isin(drew, best) * answers[drew] * 1_000_000 / found.propensity[drew]
    error = hits.std() / np.sqrt(len(hits))
    assert len(drew) == pytest.approx(people / 4, rel=0.05)
    assert error < 0.03
    assert abs(hits.mean() - 0.7) < 3 * error
    # unweighed answers tell something else: most drawn pairs are not the best liked
    assert answers[drew].mean() < 0.4


def test_the_odds_are_of_what_is_left_whoever_drew_before() -> None:
    """Two draw among the same two: the first of two, the second of one or of two."""
    one, other, seeds = np.array([0, 0, 1, 1]), np.array([2, 3, 2, 3]), 3000
    turns, total = np.array([True, True, False, False]), np.zeros(4)
    for seed in range(seeds):
        order = draws(seed, "order", list("ABCD"))
        found = explore(one, other, np.ones_like(one), np.ones_like(one), turns, 2.0, order)
        drew = found.chosen
        assert sorted(found.propensity[drew].tolist()) == [500_000, 1_000_000]
        total[drew] += 1_000_000 / found.propensity[drew]
    # a pair stands open for whoever draws first, and half of the time for the second
    assert total / seeds == pytest.approx(np.full(4, 0.75), abs=0.05)
