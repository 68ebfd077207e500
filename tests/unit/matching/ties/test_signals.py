from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from crosstie.matching.arrays import Floats
from crosstie.matching.ties import activity, direction, groups, lines, paths, walks
from crosstie.matching.ties.lists import Lists, candidates, standardised
from crosstie.matching.ties.signals import LASTING, LIKELY, signals
from tests.unit.matching.ties.histories import club, past


def by_pair(lists: Lists, values: Floats) -> dict[tuple[int, int], float]:
    pairs = zip(lists.member.tolist(), lists.candidate.tolist(), strict=True)
    return dict(zip(pairs, values.tolist(), strict=True))


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("adamic-adar", nx.adamic_adar_index),
        ("resource-allocation", nx.resource_allocation_index),
        ("jaccard", nx.jaccard_coefficient),
    ],
)
def test_indices_of_the_karate_club_equal_networkx(name: str, theirs: object) -> None:
    graph, history = club()
    lists = candidates(history)
    ours = by_pair(lists, paths.signals(history)(lists)[name])
    for one, other, value in theirs(graph):  # type: ignore[operator]
        assert ours[one, other] == pytest.approx(value)
        assert ours[other, one] == pytest.approx(value)


def test_two_and_three_steps_are_the_first_terms_of_katz() -> None:
    graph, history = club()
    lists = candidates(history)
    second, third = lists.paths(history.ties, history.ties, history.ties)
    two, three = nx.number_of_walks(graph, 2), nx.number_of_walks(graph, 3)
    assert by_pair(lists, second) == {(a, b): two[a][b] for a, b in by_pair(lists, second)}
    assert by_pair(lists, third) == {(a, b): three[a][b] for a, b in by_pair(lists, third)}


def test_pagerank_of_three_steps_is_near_that_of_networkx() -> None:
    graph, history = club()
    lists = candidates(history)
    ours = by_pair(lists, walks.signals(history)(lists)["pagerank-0.8"])
    for one in graph:
        full = nx.pagerank(graph, alpha=0.2, personalization={one: 1}, tol=1e-12)
        for other in set(graph) - set(graph[one]) - {one}:
            # four steps on are worth less than 0.2 ** 4
            assert 0 <= full[other] - ours[one, other] < 0.2**4


def test_sectors_that_keep_to_themselves_are_seen() -> None:
    ties = [(0, 1), (1, 2), (3, 4), (4, 5), (0, 2), (3, 5), (6, 0), (6, 3)]
    history = past(8, ties, ["a", "a", "a", "b", "b", "b", "a", None])
    lists = candidates(history)
    found = groups.signals(history)(lists)
    inside, outside = (1, 6), (1, 4)
    for name in ("sector-excess-ties", "sector-density-ties", "sector-toward-ties"):
        values = by_pair(lists, found[name])
        assert values[inside] > values[outside]
    assert by_pair(lists, found["sector-same"])[inside] == 1


def test_somebody_without_a_sector_says_nothing_about_sectors() -> None:
    history = past(5, [(0, 1), (1, 2), (2, 3), (3, 4)], ["a", "a", "b", "b", None])
    lists = candidates(history)
    for name, value in groups.signals(history)(lists).items():
        if name.startswith("sector"):
            assert not value[lists.candidate == 4].any()


def test_reporting_lines_measure_steps_through_the_nearest_manager() -> None:
    managers = {"reports_to": [None, "P0000", "P0000", "P0001", "P0002"]}
    history = past(5, [(0, 1), (3, 4)], **managers)
    lists = Lists(np.array([3, 3, 3]), np.array([0, 2, 4]))
    found = lines.signals(history)(lists)
    assert found["line-near"].tolist() == [-2, -3, -4]
    peers = Lists(np.array([1]), np.array([2]))
    assert lines.signals(history)(peers)["line-peers"].tolist() == [1]


def test_managers_in_a_circle_do_not_hang() -> None:
    history = past(3, [(0, 1)], reports_to=["P0001", "P0002", "P0000"])
    assert np.isfinite(
        lines.signals(history)(Lists(np.array([0]), np.array([2])))["line-near"]
    ).all()


def test_new_ties_count_by_the_networks_own_pace() -> None:
    history = past(5, [(0, 1, 0), (0, 2, 1), (0, 3, 2), (3, 4, 1000)])
    lists = candidates(history)
    fresh = by_pair(lists, activity.signals(history)(lists)["new-0.3"])
    assert fresh[1, 4] == 1
    assert fresh[1, 2] == 0


def test_a_tie_that_nobody_is_said_to_have_started_goes_both_ways() -> None:
    history = past(3, [(0, 1), (1, 2)])
    lists = candidates(history)
    found = direction.signals(history)(lists)
    assert found["turn-to-both"].tolist() == found["both-turn-to"].tolist() == [1, 1]


def test_signals_are_standardised_within_each_list() -> None:
    lists = Lists(np.array([0, 0, 0, 5, 5]), np.array([1, 2, 3, 1, 2]))
    told = {"one": np.array([1.0, 2, 3, 1000, 1000]), "two": np.arange(5.0)}
    table = standardised(told, lists, ("lacking", "one", "two"))
    assert not table[:, 0].any()
    assert table[:, 1].tolist() == pytest.approx([-(1.5**0.5), 0, 1.5**0.5, 0, 0])
    assert table[3:, 2].tolist() == [-1, 1]


def test_what_is_believed_names_signals_that_there_are() -> None:
    history = past(
        8,
        [(number, (number + step) % 8, step) for number in range(8) for step in (1, 2)],
        ["a", "b"] * 4,
        level=[1, 2] * 4,
        place=["x", "x", "y", "y"] * 2,
    )
    assert set(signals(history)(candidates(history))) >= LIKELY | LASTING


def test_a_list_is_the_same_in_blocks() -> None:
    _, history = club()
    lists = candidates(history)
    blocks = [Lists(lists.member[lists.member == each], lists.candidate[lists.member == each])
              for each in np.unique(lists.member)]  # fmt: skip
    apart = np.concatenate([walks.signals(history)(each)["walk-3"] for each in blocks])
    assert apart.tolist() == walks.signals(history)(lists)["walk-3"].tolist()
