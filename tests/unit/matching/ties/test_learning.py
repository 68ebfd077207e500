from __future__ import annotations

import random

import networkx as nx
import numpy as np
import pytest

from crosstie.matching.ties import logit
from crosstie.matching.ties.history import history
from crosstie.matching.ties.learning import fit
from crosstie.matching.ties.lists import candidates
from crosstie.matching.ties.logit import Choices
from crosstie.matching.ties.model import TieModel, decode, encode, score
from crosstie.network.view import Network
from tests.unit.matching.ties.histories import club, network, past


def growing(size: int = 60) -> Network:
    """Four sectors; ties form in a fixed order, mostly with a friend's friend, some within a sector."""
    draw = random.Random(5)
    ties: dict[tuple[int, int], int] = {(n, (n + 4) % size): 0 for n in range(size)}
    ties = {(min(pair), max(pair)): day for pair, day in ties.items()}
    graph = nx.Graph(ties.keys())
    for day in range(1, 200):
        one = draw.randrange(size)
        near = sorted({far for n in graph[one] for far in graph[n]} - {one} - set(graph[one]))
        other = draw.choice(near) if near and draw.random() < 0.8 else draw.randrange(size)
        if one != other and not graph.has_edge(one, other):
            graph.add_edge(one, other)
            ties[min(one, other), max(one, other)] = day
    return network(size, [(*pair, day) for pair, day in ties.items()], ["a", "b", "c", "d"] * 15)


def test_the_optimum_of_a_conditional_logit_is_found() -> None:
    signals = np.array([[1.0], [-1.0]], dtype=np.float32)
    choices = Choices(signals, np.array([0, 0]), np.array([True, False]), np.ones(2), np.ones(1))
    (weight,) = logit.fit(choices, np.array([0.5]), np.array([0.1]))
    # where the gradient is zero: 2 (1 - p) = precision (weight - prior)
    p = 1 / (1 + np.exp(-2 * weight))
    assert 2 * (1 - p) == pytest.approx(0.5 * (weight - 0.1), abs=1e-5)


def test_a_sampled_pair_stands_for_those_left_out() -> None:
    signals = np.array([[1.0], [-1.0], [-1.0]], dtype=np.float32)
    came = np.array([True, False, False])
    whole = Choices(signals, np.zeros(3, dtype=np.int64), came, np.ones(3), np.ones(1))
    sample = Choices(signals[:2], whole.number[:2], came[:2], np.array([1.0, 2.0]), np.ones(1))
    one, prior = np.ones(1), np.zeros(1)
    assert logit.fit(whole, one, prior) == pytest.approx(logit.fit(sample, one, prior), abs=1e-6)


def test_a_network_that_closes_triangles_teaches_that_mutual_contacts_speak_for_a_tie() -> None:
    known = history(growing())
    model = fit(known)
    assert model.lists > 0
    lists = candidates(known)
    found = score(model, known, lists)
    common = lists.path(known.ties, known.ties)
    assert found[common >= 2].mean() > found[common == 0].mean()


def test_the_same_rows_in_any_order_give_the_same_bytes() -> None:
    told = growing()
    keys = list(told.ties)
    random.Random(3).shuffle(keys)
    shuffled = Network(
        dict(reversed(list(told.members.items()))), {pair: told.ties[pair] for pair in keys}
    )
    assert encode(fit(history(told))) == encode(fit(history(shuffled)))


def test_a_model_is_read_back_from_its_bytes() -> None:
    model = fit(history(growing()))
    assert decode(encode(model)) == model


@pytest.mark.parametrize(
    ("size", "ties"),
    [
        (0, []),
        (1, []),
        (2, []),
        (2, [(0, 1)]),
        (2, [(0, 1, 0, 9, 3)]),
        (20, [(0, n) for n in range(1, 20)]),
        (20, [(0, n, n) for n in range(1, 20)]),
        (7, [(a, b) for b in range(7) for a in range(b)]),
        (7, [(a, b, a + b) for b in range(7) for a in range(b)]),
        (20, [(n, (n + 1) % 20, n) for n in range(20)]),
    ],
    ids=[
        "nobody", "one", "strangers", "two", "two who met thrice", "star", "growing star",
        "complete", "growing complete", "ring",
    ],
)  # fmt: skip
def test_any_network_gives_a_model_and_finite_scores(size: int, ties: list[tuple[int]]) -> None:
    known = past(size, ties, ["a", "b"] * (size // 2) + ["a"] * (size % 2))
    model = fit(known)
    lists = candidates(known)
    for among in ("all", "cross", "up"):
        found = score(model, known, lists, among)
        assert len(found) == len(lists)
        assert np.isfinite(found).all()


def test_without_a_past_what_is_believed_beforehand_ranks() -> None:
    known = past(6, [(0, 1), (1, 2), (3, 4)])
    model = fit(known)
    assert model.lists == 0
    lists = candidates(known)
    found = dict(zip(lists.candidate[lists.member == 0], score(model, known, lists), strict=False))
    assert max(found, key=lambda other: found[other]) == 2


def test_a_model_ranks_a_network_that_lacks_some_of_its_signals() -> None:
    _, known = club()
    model = TieModel(("adamic-adar", "unheard-of"), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0))
    assert np.isfinite(score(model, known, candidates(known))).all()


def test_above_the_limit_candidates_are_two_ties_away(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, known = club()
    monkeypatch.setattr("crosstie.matching.ties.lists.SMALL", 10)
    monkeypatch.setattr("crosstie.matching.ties.lists.MOST_CANDIDATES", 5)
    lists = candidates(known)
    for one, other in zip(lists.member.tolist(), lists.candidate.tolist(), strict=True):
        assert nx.shortest_path_length(graph, one, other) == 2
    assert np.bincount(lists.member).max() == 5
