from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from crosstie.matching import base, candidates, kindred
from crosstie.matching.candidates import SOURCES, Search
from crosstie.matching.ledger import EMPTY
from crosstie.matching.market import market
from crosstie.matching.prepared import Prepared
from crosstie.matching.scoring import scorer
from crosstie.matching.sources import latent
from crosstie.matching.words import buckets
from crosstie.network.state import Member, Row, member_key
from crosstie.network.view import Network
from tests.unit.matching.towns import POLICY, START, member, rows

THEMES = (
    ("landlord", "eviction", "tenancy", "arrears"),
    ("asthma", "inhaler", "breath", "chest"),
    ("pupil", "truancy", "classroom", "lesson"),
)


def bucket(word: str) -> int:
    (found,) = buckets(word)
    return found


def writers(each: int = 6) -> list[Member]:
    """People who use two words of a theme together: no text has all, every two are in some."""
    pairs = [
        (number, words[one], words[other])
        for words in THEMES
        for one, other in ((0, 1), (0, 2), (0, 3), (1, 3), (2, 3))
        for number in range(each)
    ]
    return [
        member(f"W{place:04}", needs={"n": f"{one} {other}"})
        for place, (_, one, other) in enumerate(pairs)
    ]


def alike(*stated: Row) -> dict[int, dict[int, int]]:
    return kindred.kindred(kindred.corpus(Network.of(rows(*stated))))


@pytest.mark.parametrize("words", [8, 20, 40])
def test_words_that_never_stand_together_are_not_alike(words: int) -> None:
    used = [f"tag{number:03}" for number in range(words)]
    alone = (member(f"W{n:02}{word}", needs={"n": word}) for n in range(6) for word in used)
    assert alike(*alone) == {}


def test_words_of_one_theme_are_alike_and_of_two_are_not() -> None:
    found = alike(*writers())
    assert found.keys() == {bucket(word) for words in THEMES for word in words}
    for words in THEMES:
        mine = {bucket(word) for word in words}
        for word in mine:
            assert found[word].keys() < mine - {word}


def test_words_never_used_together_are_alike_through_others() -> None:
    eviction, tenancy = bucket("eviction"), bucket("tenancy")
    assert tenancy in alike(*writers())[eviction]


@pytest.mark.parametrize(("each", "known"), [(4, False), (5, True)])
def test_what_few_people_wrote_together_is_not_remembered(
    each: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kindred, "WORDS_PER_FACTOR", 2)  # a factor for these two words as well
    quilts = [member(f"Q{n}", needs={"n": "quilt"}) for n in range(3)]
    needles = [member(f"N{n}", needs={"n": "needle"}) for n in range(3)]
    together = [member(f"T{n}", offers={"o": "quilt needle"}) for n in range(each)]
    found = alike(*writers(), *quilts, *needles, *together)
    assert (bucket("needle") in found.get(bucket("quilt"), {})) == known


def test_the_words_of_the_own_place_are_left_out() -> None:
    placed = [
        member(f"P{n}", place="Harbourside", needs={"n": "harbourside ferry"}) for n in range(9)
    ]
    words = kindred.corpus(Network.of(rows(*placed))).words
    assert set(words.tolist()) == {bucket("ferry")}


def test_the_order_of_members_leaves_no_trace() -> None:
    stated = {member_key(each.subject): each for each in writers()}
    mixed = list(stated.items())
    random.Random(1).shuffle(mixed)
    one, other = (
        base.encode(base.fit(base.material(Network.of(each)), POLICY, START))
        for each in (stated, dict(mixed))
    )
    assert one == other
    assert base.decode(one).kindred == alike(*stated.values())


def test_texts_of_very_many_are_read_of_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kindred, "MOST_PEOPLE", 10)
    texts = kindred.corpus(Network.of(rows(*writers())))
    assert 5 < len(set(texts.person.tolist())) <= 10


@pytest.mark.parametrize("texts", [[], ["alone"], ["same word"] * 9])
def test_where_little_was_written_nothing_is_alike(texts: list[str]) -> None:
    assert alike(*(member(f"P{n}", needs={"n": each}) for n, each in enumerate(texts))) == {}


def search(*stated: Row) -> Search:
    """Among `stated` by a base that was fitted to others."""
    network = Network.of(rows(*stated))
    learned = base.fit(base.material(Network.of(rows(*writers()))), POLICY, START)
    people, ties = Prepared.of(network).shown(learned, START)
    trade = market(network, EMPTY, POLICY, people, ties, at=START, seed=1, serve=None)
    return trade.search(trade.introductions > 0, never=trade.met)


ASKING: tuple[Member, ...] = (
    member("A", needs={"n": "eviction"}),
    member("B", offers={"o": "tenancy"}),
    member("C", offers={"o": "eviction"}),
    member("D", offers={"o": "inhaler"}),
)


def test_an_offer_in_other_words_finds_the_need_that_it_may_meet() -> None:
    asked = search(*ASKING)
    found = {frozenset(map(int, pair)) for pair in zip(*latent.find(asked, 5), strict=True)}
    assert found == {frozenset((0, 1))}, "not C, whose own words answer, nor D of another theme"
    fair = scorer(asked.people, asked.graph, EMPTY, POLICY, START)
    pairs = candidates.introductions(asked, POLICY, fair)
    (place,) = np.flatnonzero((pairs.a == 0) & (pairs.b == 1))
    assert pairs.sources[place] & SOURCES["latent"]
    assert not pairs.sources[place] & SOURCES["needs-and-offers"]


def test_no_item_brings_more_than_the_quota() -> None:
    many = [member(f"B{n}", offers={"o": "tenancy"}) for n in range(9)]
    for quota, among in product((0, 1, 3), (many, many[::-1])):
        mine, _ = latent.find(search(ASKING[0], *among), quota)
        assert np.count_nonzero(mine == 0) == quota


def test_without_words_alike_there_is_nobody() -> None:
    network = Network.of(rows(*ASKING))
    people, ties = Prepared.of(network).shown(base.Base(), START)
    trade = market(network, EMPTY, POLICY, people, ties, at=START, seed=1, serve=None)
    mine, _ = latent.find(trade.search(trade.introductions > 0, never=trade.met), 5)
    assert len(mine) == 0


def test_a_base_of_other_words_alike_shows_the_members_anew() -> None:
    prepared = Prepared.of(Network.of(rows(*ASKING)))
    assert prepared.shown(base.Base(), START)[0].kindred.nnz == 0
    other = base.Base(kindred={1: {2: 90}})
    assert prepared.shown(other, START)[0].kindred[1, 2] == pytest.approx(0.9)


@given(st.integers(0, 4), st.integers(1, 8), st.integers(0, 2**32 - 1))
def test_other_words_are_the_product_less_the_words_said(items: int, words: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    said = draw.random((items, words)) * (draw.random((items, words)) < 0.5)
    like = draw.random((words, words)) * (draw.random((words, words)) < 0.4)
    found = latent._in_other_words(csr_array(said), csr_array(like)).toarray()
    assert found == pytest.approx(np.where(said > 0, 0.0, said @ like))
