from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.matching import base, candidates
from crosstie.matching.candidates import SOURCES, Pairs
from crosstie.matching.graph import graph
from crosstie.matching.ledger import EMPTY
from crosstie.matching.market import Market, market
from crosstie.matching.people import columns
from crosstie.matching.scoring import scorer
from crosstie.matching.sources import alike, pagerank, problems, promising
from crosstie.network.state import Row
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network
from tests.unit.matching.towns import POLICY, START, locality, member, rows, tie

QUOTAS = POLICY.candidates


def of(*stated: Row, serve: frozenset[str] | None = None) -> Market:
    network = Network.of(rows(*stated))
    people = columns(network, base.fit(network, POLICY, START))
    ties = graph(network, START)
    return market(network, EMPTY, POLICY, people, ties, at=START, seed=1, serve=serve)


def named(market: Market, pairs: Pairs, source: str) -> set[str]:
    bit, subjects = SOURCES[source], market.people.subjects
    return {
        subjects[a] + subjects[b]
        for a, b, bits in zip(pairs.a, pairs.b, pairs.sources, strict=True)
        if bits & bit
    }


def introductions(market: Market) -> Pairs:
    search = market.search(market.introductions > 0, never=market.met)
    fair = scorer(market.people, market.graph, EMPTY, POLICY, market.at)
    return candidates.introductions(search, POLICY, fair)


def found(market: Market, source: str) -> set[str]:
    return named(market, introductions(market), source)


def test_friends_of_friends_are_those_who_share_a_contact() -> None:
    people = [member(each) for each in "ABCDE"]
    trade = of(*people, tie("A", "B"), tie("B", "C"), tie("C", "D"))
    assert found(trade, "friends-of-friends") == {"AC", "BD"}


def test_an_offer_finds_the_need_that_it_meets() -> None:
    trade = of(
        member("A", needs={"n": "Help with winter discharge planning"}),
        member("B", offers={"o": "I know discharge planning"}),
        member("C", offers={"o": "Spanish lessons"}),
    )
    assert found(trade, "needs-and-offers") == {"AB"}


def test_the_same_problem_is_found_in_another_sector_only() -> None:
    need = {"n": "Help with winter discharge planning"}
    trade = of(
        member("A", needs=need, sector="health"),
        member("B", needs={"n": "discharge planning in winter"}, sector="housing"),
        member("C", needs=need, sector="health"),
        member("D", needs=need),
        member("E", needs={"n": "Spanish lessons"}, sector="housing"),
    )
    assert found(trade, "same-problem") == {"AB", "BC"}


def test_several_needs_share_what_one_may_bring() -> None:
    discharge, spanish = "Help with winter discharge planning", "Somebody who teaches Spanish"
    trade = of(
        member("A", needs={"1": discharge, "2": spanish}, sector="health"),
        *(member(each, needs={"n": discharge}, sector="housing") for each in "BCD"),
        member("E", needs={"n": spanish}, sector="housing"),
        member("F", needs={"n": f"{discharge} {spanish}"}, sector="housing"),
        serve=frozenset("A"),
    )
    search = trade.search(trade.introductions > 0, never=trade.met)
    for quota in (2, 3):
        rows, others = problems.find(search, quota)
        found = [trade.people.subjects[each] for each in others]
        assert "E" in found
        assert len({*found}) == len(rows) == quota


def test_those_whom_a_walker_visits_most_are_those_of_networkx() -> None:
    """What is not pushed on is less than LEAST per tie, so nearly equals may change places."""
    club: nx.Graph[int] = nx.Graph(nx.karate_club_graph().edges)
    names = [f"P{n:02}" for n in range(len(club))]
    ties = [tie(names[a], names[b]) for a, b in club.edges]
    for me in club:
        trade = of(*(member(each) for each in names), *ties, serve=frozenset({names[me]}))
        search = trade.search(trade.introductions > 0, never=trade.met)
        rows, others = pagerank.find(search, 5, 200)
        exact = nx.pagerank(club, alpha=1 - pagerank.HOME, personalization={me: 1}, tol=1e-12)
        best = sorted(
            (exact[n] for n in club if n != me and not club.has_edge(me, n)), reverse=True
        )
        assert set(rows.tolist()) == {me}
        assert not {me, *club[me]} & {*others.tolist()}
        for one, value in zip(others.tolist(), best, strict=False):
            assert exact[one] == pytest.approx(value, abs=2 * pagerank.LEAST * 17)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(0, 120), st.integers(0, 99), st.integers(1, 60))
def test_a_walker_of_few_steps_still_finds_whom_there_is(
    people: int, ties: int, seed: int, walked: int
) -> None:
    """Whatever the bound of work: within the quota, nobody ruled out, the same for rows in any order."""
    stated = [*locality(people, ties, seed).values()]
    pairs = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pagerank, "MOST_WALKED", walked)
        for each in (stated, stated[::-1]):
            trade = of(*each)
            search = trade.search(trade.introductions > 0, never=trade.met)
            rows, others = pagerank.find(search, 3, 200)
            assert np.bincount(rows, minlength=1).max() <= 3
            assert not (search.ruled_out.toarray()[rows, others]).any()
            assert np.isin(others, search.columns).all()
            pairs.append((rows.tolist(), others.tolist()))
    assert pairs[0] == pairs[1]


def test_whoever_has_very_many_ties_sets_out_along_the_strongest() -> None:
    """Of a hub's contacts those of the two strongest ties lead on, for whoever walks from there."""
    contacts = "BCDE"
    trade = of(
        *(member(each) for each in "AVWXY"),
        *(member(each) for each in contacts),
        *(tie("A", each, contacts=n) for n, each in enumerate(contacts, 1)),
        *(tie(each, far) for each, far in zip(contacts, "VWXY", strict=True)),
        serve=frozenset("A"),
    )
    search = trade.search(trade.introductions > 0, never=trade.met)
    reached = {}
    for hub_ties in (2, 4):
        _, others = pagerank.find(search, 5, hub_ties)
        reached[hub_ties] = {trade.people.subjects[each] for each in others}
    assert reached == {2: {"X", "Y"}, 4: {*"VWXY"}}


def test_slots_up_down_and_across_are_by_level() -> None:
    trade = of(member("A", level=2), member("B", level=5), member("C", level=2))
    assert found(trade, "up") == {"AB", "BC"}
    assert found(trade, "down") == {"AB", "BC"}
    assert found(trade, "across") == {"AC"}


def test_dormant_ties_are_those_without_contact_for_long() -> None:
    old = tie("A", "B", last=START - 200 * DAY_US)
    trade = of(*(member(each) for each in "ABC"), old, tie("A", "C"))
    search = trade.search(trade.introductions > 0, never=trade.never)
    pairs = candidates.reconnections(search, QUOTAS, START - 120 * DAY_US)
    assert named(trade, pairs, "dormant") == {"AB"}


def test_no_source_gives_anyone_more_than_its_quota() -> None:
    trade = of(*locality(150, 900).values())
    search = trade.search(trade.introductions > 0, never=trade.met)
    one = trade.people.subjects[int(search.rows[0])]
    alone = of(*locality(150, 900).values(), serve=frozenset({one}))
    pairs = introductions(alone)
    most = {
        "friends-of-friends": 20,
        "up": 5,
        "down": 5,
        "across": 5,
        "random": 3,
        "pagerank": 5,
    }
    for source, quota in most.items():
        assert len(named(alone, pairs, source)) <= quota


@pytest.mark.parametrize(("in_all", "each"), [(1, 50), (160, 80), (240, 120)])
def test_who_looks_promising_is_brought_beyond_the_quota_where_few_are_searched_for(
    monkeypatch: pytest.MonkeyPatch, in_all: int, each: int
) -> None:
    monkeypatch.setattr(promising, "FEW_PAIRS", in_all)
    people = locality(300, 900).values()
    all_ = of(*people)
    two = frozenset(
        all_.people.subjects[i]
        for i in all_.search(all_.introductions > 0, never=all_.never).rows[:2]
    )
    trade = of(*people, serve=two)
    brought = named(trade, introductions(trade), "promising")
    assert 2 * each - 1 <= len(brought) <= 2 * each  # a pair of the two counts once


def test_only_the_served_are_searched_for_and_only_those_with_a_slot_found() -> None:
    people = [member("A"), member("B"), member("C", weekly=0), member("D")]
    trade = of(*people, serve=frozenset({"A"}))
    assert found(trade, "random") == {"AB", "AD"}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_finds_nothing_where_there_is_nobody(source: str) -> None:
    assert found(of(), source) == set()


def test_in_a_large_town_the_promising_are_found_without_looking_at_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many by worth, among many times fewer people looked at: most of what all would give."""
    trade = of(*locality(400, 2_000).values())
    every = worth_of(trade, "promising")
    for module, name, few in (
        (promising, "EVERYONE", 10),
        (promising, "MOST", 100),
        (alike, "MOST_GROUPS", 20),
    ):
        monkeypatch.setattr(module, name, few)
    some = worth_of(trade, "promising")
    assert some >= 0.8 * every
    assert introductions(trade).a.tolist() == introductions(trade).a.tolist()


def worth_of(market: Market, source: str) -> float:
    """The sum over members of their best pair from a source, as rounds score it."""
    fair = scorer(market.people, market.graph, EMPTY, POLICY, market.at)
    pairs = introductions(market)
    named = pairs.where((pairs.sources & SOURCES[source]) > 0)
    worth = fair.worth(named.a, named.b, mentoring=False)
    best = np.zeros(len(market.people), dtype=np.int64)
    for ends in (named.a, named.b):
        np.maximum.at(best, ends, worth)
    return float(best.sum())
