from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie.matching import closeness
from crosstie.matching.arrays import Ints
from crosstie.matching.base import Base
from crosstie.matching.ledger import EMPTY
from crosstie.matching.model import decided
from crosstie.matching.occasion import Occasion
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.matching.ties.history import History, history
from crosstie.matching.ties.kernels import EVERY_TIE, within
from crosstie.matching.ties.learning import fit
from crosstie.matching.ties.lists import candidates
from crosstie.matching.ties.model import TieModel, by_signals, score
from crosstie.matching.ties.names import COMPILED
from crosstie.matching.ties.near import NEAREST, Near, near
from crosstie.matching.ties.outlook import Outlook, outlook
from crosstie.matching.ties.signals import signals
from crosstie.matching.told import history as told
from crosstie.network.view import Network
from tests.unit.matching.ties.histories import past
from tests.unit.matching.towns import POLICY, START, locality


def town(size: int, ties: int, seed: int, *, timed: bool = True) -> History:
    """Anything that may be said of people and ties, and left out."""
    draw = random.Random(seed)
    between = {
        (one, other): (
            (first := draw.randrange(50) if timed else 0),
            first + (draw.randrange(50) if timed else 0),
            draw.randint(1, 9),
        )
        for one, other in (
            sorted((draw.randrange(size), draw.randrange(size))) for _ in range(ties)
        )
        if one != other
    }
    said = {
        name: [draw.choice((None, *(f"{name} {n}" for n in range(groups)))) for _ in range(size)]
        for name, groups in (("profession", 3), ("role", 5), ("organisation", 1), ("place", 4))
    }
    sectors = [draw.choice((None, "a", "b", "c")) for _ in range(size)]
    level = [draw.choice((None, 1, 2, 5)) for _ in range(size)]
    reports_to = [draw.choice((None, f"P{draw.randrange(size):04}")) for _ in range(size)]
    return past(
        size,
        [(*pair, *times) for pair, times in sorted(between.items())],
        sectors,
        level=level,
        reports_to=reports_to,
        **said,
    )


@settings(max_examples=40, deadline=None)
@example(31, 2, 6, False)  # sums that should be 0 are 1e-16: they must not decide
@given(st.integers(2, 40), st.integers(1, 160), st.integers(0, 999), st.booleans())
def test_scores_that_are_compiled_are_those_of_the_table_of_signals(
    size: int, ties: int, seed: int, timed: bool
) -> None:
    known = town(size, ties, seed, timed=timed)
    lists = candidates(known)
    weights = tuple(np.random.default_rng(seed).normal(size=len(COMPILED)).tolist())
    model = TieModel(COMPILED, weights, weights, weights)
    assert score(model, known, lists) == pytest.approx(by_signals(model, known, lists), abs=1e-4)


def test_every_signal_is_compiled() -> None:
    known = town(30, 120, 1)
    assert {*signals(known)(candidates(known))} == {*COMPILED}


def test_a_signal_that_is_not_compiled_counts_as_it_did() -> None:
    known = town(30, 120, 1)
    lists = candidates(known)
    one = (1.0, 1.0)
    model = TieModel(("adamic-adar", "unheard-of"), one, one, one)
    assert score(model, known, lists).tolist() == by_signals(model, known, lists).tolist()


def test_the_closest_are_those_whom_the_ranking_puts_first() -> None:
    known = town(40, 200, 3)
    model, lists = fit(known), candidates(known)
    ranked = score(model, known, lists)
    close = near(outlook(known), model, np.arange(40), EVERY_TIE)
    for member in np.unique(lists.member).tolist():
        mine = lists.member == member
        told = close.closeness(lists.member[mine], lists.candidate[mine])
        lift = np.exp(ranked[mine] / 2) / np.exp(ranked[mine] / 2).mean()
        assert told == pytest.approx(np.maximum(np.log(lift), 0.0), abs=1e-5)
        assert np.count_nonzero(told) <= NEAREST


def test_without_a_list_of_ones_own_the_others_view_counts() -> None:
    known = town(40, 200, 3)
    close = near(outlook(known), fit(known), np.array([7]), EVERY_TIE)
    about = np.arange(40)
    seven = np.full(40, 7)
    assert close.closeness(seven, about).any()
    assert close.closeness(about, seven).tolist() == close.closeness(seven, about).tolist()
    assert not close.closeness(about, np.roll(about, 1))[
        (about != 7) & (np.roll(about, 1) != 7)
    ].any()


def test_a_round_and_an_evaluation_read_the_same_history() -> None:
    network = Network.of(locality(60, 300, 4))
    prepared = Prepared.of(network)
    people, _ = prepared.shown(Base(), START)
    ours = told(people, *prepared.contacts.between(people.index))
    theirs = history(network)
    assert _told(ours) == _told(theirs)


def _told(history: History) -> list[object]:
    columns = (history.a, history.b, history.contacts, history.by_a, history.by_b)
    who = (history.who.level, history.who.manager, *history.who.codes.values())
    return [each.tolist() for each in (*columns, history.first, history.last, *who)]


def test_a_round_with_a_ranking_decides_the_same_whatever_the_order_of_rows() -> None:
    rows = locality(80, 500, 5)
    model = fit(history(Network.of(rows)))
    keys = list(rows)
    random.Random(2).shuffle(keys)
    bytes_of = []
    for stated in (rows, {key: rows[key] for key in keys}):
        network = Network.of(stated)
        _, changes, notes = step(
            network,
            EMPTY,
            Base(ties=model),
            POLICY,
            Occasion(n=1, at=START, seed=1, deployment="test", policy_digest=""),
        )
        bytes_of.append(decided(changes, notes))
        assert notes["source.near"] > 0
    assert bytes_of[0] == bytes_of[1]


def test_people_who_paused_lead_to_nobody() -> None:
    rows = locality(60, 300, 4)
    network = Network.of(rows)
    prepared = Prepared.of(network)
    people, _ = prepared.shown(Base(), START)
    from dataclasses import replace

    paused = replace(people, eligible=np.arange(len(people)) % 2 == 0)
    kept = told(paused, *prepared.contacts.between(people.index))
    assert not (kept.a % 2).any()
    assert not (kept.b % 2).any()


def test_whoever_knows_all_who_have_ties_is_near_to_nobody() -> None:
    size = 6
    every = [(a, b, 1, 2, 3) for a in range(size) for b in range(a + 1, size)]
    close = near(
        outlook(past(size, every, ["a"] * size)), fit(town(40, 200, 3)), np.arange(size), EVERY_TIE
    )
    one, other = np.divmod(np.arange(size * size), size)
    assert not close.closeness(one, other).any()


def test_ties_of_somebody_with_very_many_are_not_followed() -> None:
    """0 and 1 share contact 9, who has many; 0 and 2 share contact 3, who has few."""
    ties = [(0, 9), (1, 9), (4, 9), (5, 9), (6, 9), (0, 3), (2, 3)]
    known = past(10, [(*pair, 1, 2, 3) for pair in ties], ["a"] * 10)
    net = outlook(known)
    asked, warm = np.array([0]), np.arange(10)
    _, all_ = within(asked, net.pointer, net.to, 500, warm, False, EVERY_TIE)
    _, few = within(asked, net.pointer, net.to, 500, warm, False, 4)
    assert all_.tolist() == [1, 2, 4, 5, 6]
    assert few.tolist() == [2]


def hub_ties_asked_of(
    network: Network, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """At each look for whom the served are near, in a round of everyone."""
    asked: list[int] = []

    def noted(net: Outlook, model: TieModel, rows: Ints, hub_ties: int) -> Near:
        asked.append(hub_ties)
        return near(net, model, rows, hub_ties)

    monkeypatch.setattr(closeness, "near", noted)
    step(
        network,
        EMPTY,
        Base(ties=fit(history(network))),
        policy,
        Occasion(n=1, at=START, seed=1, deployment="test", policy_digest=""),
    )
    return asked


@pytest.mark.parametrize(("quota", "weight"), [(0, 0.0), (5, 0.0), (0, 0.5)])
def test_closeness_is_worked_out_only_where_something_asks_for_it(
    quota: int, weight: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = structs.replace(
        POLICY,
        candidates=structs.replace(POLICY.candidates, near=quota),
        affinity=structs.replace(POLICY.affinity, closeness=weight),
    )
    asked = hub_ties_asked_of(Network.of(locality(40, 200, 5)), policy, monkeypatch)
    assert asked == ([policy.candidates.hub_ties] if quota or weight else [])


@pytest.mark.parametrize(("most", "looks"), [(200, 1), (199, 0)])
def test_learned_lists_are_spared_where_there_are_more_ties_than_most(
    most: int, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closeness, "MOST_TIES", most)
    policy = structs.replace(POLICY, candidates=structs.replace(POLICY.candidates, near=5))
    asked = hub_ties_asked_of(Network.of(locality(40, 200, 5)), policy, monkeypatch)
    assert len(asked) == looks
