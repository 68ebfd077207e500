from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from crosstie.matching.graph import adamic_adar, graph, onward, strongest
from crosstie.network.strength import HALF_LIFE_US
from crosstie.network.view import Network
from tests.unit.matching.towns import START, member, rows, tie


def symmetric(a: Any, b: Any, values: Any, size: int) -> csr_array:
    """The sparse matrix with `values` at (a, b) and at (b, a)."""
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    matrix = csr_array((np.concatenate([values, values]), (rows, columns)), shape=(size, size))
    matrix.sort_indices()
    return matrix


def test_adamic_adar_of_the_karate_club_equals_networkx() -> None:
    club = nx.karate_club_graph()
    a, b = (np.array(ends) for ends in zip(*sorted(map(sorted, club.edges)), strict=True))
    links = symmetric(a, b, np.ones(len(a)), len(club))
    ours = adamic_adar(links, np.arange(len(club)), onward(links, 1000)).toarray()
    for one, other, theirs in nx.adamic_adar_index(club):
        assert ours[one, other] == pytest.approx(theirs)


def test_strength_halves_every_ninety_days_and_saturates() -> None:
    network = Network.of(rows(member("A"), member("B"), tie("A", "B", last=START, contacts=3)))
    assert graph(network, START).weights[0, 1] == pytest.approx(3 / 4)
    assert graph(network, START + HALF_LIFE_US).weights[0, 1] == pytest.approx(1.5 / 2.5)


def test_through_a_hub_only_the_strongest_ties_are_followed() -> None:
    spokes = np.arange(1, 6)
    star = symmetric(np.zeros(5, dtype=np.int64), spokes, spokes / 10, 6)
    kept = strongest(star, 2)
    assert sorted(kept[[0]].indices) == [4, 5]
    assert kept[[1]].nnz == 1


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=5),
    st.integers(0, 6),
    st.permutations(range(6)),
)
def test_the_strongest_are_the_largest_and_of_equals_the_first_in_rank(
    table: list[list[int]], most: int, rank: list[int]
) -> None:
    weights = csr_array(np.array(table, dtype=float))
    kept = strongest(weights, most, np.array(rank)).toarray()
    for row, found in zip(table, kept.tolist(), strict=True):
        order = sorted(range(6), key=lambda i: (-row[i], rank[i]))
        best = {i for i in order[:most] if row[i]}
        assert found == [row[i] if i in best else 0 for i in range(6)]


def test_effort_is_the_share_that_one_side_started() -> None:
    one_sided = tie("A", "B", started_by_a=4, started_by_b=1)
    network = Network.of(rows(member("A"), member("B"), one_sided))
    assert graph(network, START).ties.whole()["effort"].tolist() == [pytest.approx(0.6)]


def test_a_network_of_nobody_is_a_graph_of_nothing() -> None:
    assert graph(Network.of({}), START).weights.shape == (0, 0)
