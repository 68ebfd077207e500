from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from scipy.sparse import csr_array

from crosstie.matching import base
from crosstie.matching.contacts import Columns
from crosstie.matching.graph import Graph
from crosstie.matching.ledger import EMPTY
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.model import decided
from crosstie.matching.occasion import Occasion
from crosstie.matching.people import People
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import step
from crosstie.network.state import Member, Reply, Row, Tie, member_key
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network
from tests.unit.matching.towns import POLICY, START, Town, fact, locality, member, rows, tie

GOLDEN = [(196, "5c8e25a9a91c3a2b"), (392, "b3a4e730b7a9c256")]


def _digest(town: Town) -> str:
    body = decided(town.changes, town.notes) + encode(town.ledger)
    return blake2b(body, digest_size=8).hexdigest()


def moved_on(before: dict[str, Row], seed: int) -> dict[str, Row]:
    """Rows that went, came and changed: people and ties, also ties of people not known yet."""
    draw = random.Random(seed)
    now = dict(before)
    for key, row in sorted(before.items()):
        chance = draw.random()
        if chance < 0.08:
            del now[key]
        elif chance < 0.16 and isinstance(row, Member):
            now[key] = member(row.subject, weekly=3, level=2, needs={"new": "winter pressure"})
        elif chance < 0.16:
            reply = Reply(START, "test", key, "nobody's", "P", "met")
            now[key] = replace(row, replies=(reply,), last_met=None, started_by_a=7)
    names = [f"P{draw.randrange(60):015d}" for _ in range(12)]
    news = [tie(one, other, contacts=2) for one, other in pairwise(names)]
    return now | rows(member("A"), *(each for each in news if each.a != each.b))


def differing(before: dict[str, Row], now: dict[str, Row]) -> list[str]:
    return sorted(key for key in before.keys() | now.keys() if now.get(key) != before.get(key))


def touched(before: dict[str, Row], now: dict[str, Row], seed: int) -> list[str]:
    """The keys that differ and some that do not."""
    same = [key for key in sorted(now) if now[key] == before.get(key)]
    return differing(before, now) + random.Random(seed).sample(same, len(same) // 5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 120), st.integers(0, 99))
def test_what_is_kept_and_updated_is_what_is_read_anew(people: int, ties: int, seed: int) -> None:
    prepared, now = Prepared.of(Network({}, {})), locality(people, ties, seed)
    before: dict[str, Row] = {}
    for n in range(4):
        prepared = prepared.after(now, touched(before, now, seed + n))
        anew = Prepared.of(Network.of(now))
        assert prepared.profiles == anew.profiles
        assert prepared.network.answers == anew.network.answers
        index = {subject: i for i, subject in enumerate(anew.network.subjects)}
        assert prepared.network.subjects == anew.network.subjects
        ours, theirs = (each.contacts.between(index) for each in (prepared, anew))
        for one, other in zip(ours[1:], theirs[1:], strict=True):
            assert np.array_equal(one, other)
        for name in (each.name for each in fields(Columns) if each.name != "key"):
            assert np.array_equal(getattr(ours[0], name), getattr(theirs[0], name)), name
        before, now = now, moved_on(now, seed + n)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 40), st.integers(0, 120), st.integers(0, 99))
def test_a_round_decides_the_same_with_what_is_kept(people: int, ties: int, seed: int) -> None:
    before = locality(people, ties, seed)
    now = moved_on(before, seed)
    kept = Prepared.of(Network.of(before)).after(now, touched(before, now, seed))
    bytes_of = []
    for prepared in (None, kept):
        network = Network.of(now) if prepared is None else prepared.network
        ledger, changes, notes = step(
            network,
            EMPTY,
            base.fit(network, POLICY, START),
            POLICY,
            Occasion(n=1, at=START, seed=seed, deployment="test", policy_digest="digest"),
            prepared=prepared,
        )
        bytes_of.append(decided(changes, notes) + encode(ledger))
    assert bytes_of[0] == bytes_of[1]


def test_the_decisions_of_seeded_localities_are_what_they_were() -> None:
    """Golden: a change that means to decide otherwise renews these, and says so."""
    town = Town(locality(200, 1500, 5)).round()
    later = town.round(22, serve=frozenset(f"P{i:015d}" for i in range(0, 200, 3)))
    seen = [(len(each.changes), _digest(each)) for each in (town, later)]
    assert seen == GOLDEN


def _plain(value: Any) -> Any:
    """Arrays and matrices as what can be compared."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(
        value, Graph
    ):  # ties may be numbered otherwise: what is known of them is the same
        others = {each.name: getattr(value, each.name) for each in fields(value)}
        others |= {"ties": value.ties[value.tie], "tie": value.weights}
        return _plain(tuple(others.items()))
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, csr_array):
        return [_plain(each) for each in (value.indptr, value.indices, value.data, value.shape)]
    return value.tolist() if isinstance(value, np.ndarray) else value


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 40), st.integers(0, 80), st.integers(0, 99))
def test_columns_and_ties_that_are_kept_are_those_made_anew(
    people: int, ties: int, seed: int
) -> None:
    draw, now = random.Random(seed), locality(people, ties, seed)
    fitted = base.fit(Network.of(now), POLICY, START)
    prepared = Prepared.of(Network.of(now))
    for n in range(5):
        if draw.random() < 0.8:
            ours, theirs = prepared.shown(fitted, START + n), Prepared.of(Network.of(now))
            anew = theirs.shown(fitted, START + n)
            assert _plain(ours) == _plain(anew)
            assert _plain(_derived(ours[0])) == _plain(_derived(anew[0]))
            rows_ = np.arange(len(ours[0]))[:: draw.randint(1, 20)]
            whole, some = ours[1].moved(0).weights, ours[1].moved(0).weights_of(rows_)
            assert _plain(whole[rows_]) == _plain(some[rows_])
        before, now = now, dict(now)
        for key in draw.sample(sorted(now), min(draw.randrange(3), len(now))):
            row = now[key]
            if isinstance(row, Member):
                told = {name: fact(value) for name, value in _news(draw).items()}
                now[key] = replace(row, facts=row.facts | told)
            else:
                del now[key]
        now = _with_other_ties(now, draw, 45)
        prepared = prepared.after(now, touched(before, now, seed + n))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(0, 99))
def test_ties_put_in_their_places_are_those_made_anew(people: int, seed: int) -> None:
    draw, now = random.Random(seed), locality(people, 4 * people, seed)
    fitted = base.fit(Network.of(now), POLICY, START)
    prepared = Prepared.of(Network.of(now))
    first, _ = prepared.shown(fitted, START)
    for n in range(4):
        before, now = now, _with_other_ties(now, draw, people + 1)
        for key in [each for each in sorted(now) if each.startswith("tie/")][seed % 7 :: 9]:
            del now[key]
        told = [key for key in touched(before, now, seed + n) if key.startswith("tie/")]
        prepared = prepared.after(now, told)
        kept, ours = prepared.shown(fitted, START + n)
        assert kept.eligible is first.eligible, "nobody changed"
        _, theirs = Prepared.of(Network.of(now)).shown(fitted, START + n)
        assert _plain(ours) == _plain(theirs)


def test_numbers_without_a_tie_are_let_go_before_they_outnumber_the_others() -> None:
    everyone = [f"P{i:015d}" for i in range(12)]
    now = rows(*map(member, everyone), *(tie(one, other) for one, other in pairwise(everyone)))
    prepared, fitted = Prepared.of(Network.of(now)), base.fit(Network.of(now), POLICY, START)
    paused = rows(member(everyone[5], paused=True))
    with pytest.MonkeyPatch.context() as few:
        few.setattr("crosstie.matching.prepared._MOST_VOID", 4)
        few.setattr("crosstie.matching.prepared._FEW", 1)
        for n in range(40):  # whoever comes back brings their ties, by other numbers
            turned = now | paused if n % 2 else now
            prepared = prepared.after(turned, paused)
            _, ours = prepared.shown(fitted, START)
            _, theirs = Prepared.of(Network.of(turned)).shown(fitted, START)
            assert _plain(ours) == _plain(theirs)
            assert len(ours.ties) <= 2 * len(everyone)


def test_what_changed_while_nobody_looked_is_told_up_to_a_number_of_ties() -> None:
    now = locality(30, 100, 1)
    ties = sorted(key for key in now if key.startswith("tie/"))
    prepared, fitted = Prepared.of(Network.of(now)), base.fit(Network.of(now), POLICY, START)
    prepared.shown(fitted, START)
    with pytest.MonkeyPatch.context() as few:
        few.setattr("crosstie.matching.prepared._MOST_PAIRS", 3)
        for key in ties[:6]:
            now = {each: row for each, row in now.items() if each != key}
            prepared = prepared.after(now, [key])
        assert prepared._since.pairs is None
        kept, ours = prepared.shown(fitted, START)
    _, theirs = Prepared.of(Network.of(now)).shown(fitted, START)
    assert _plain(ours) == _plain(theirs)
    assert prepared.shown(fitted, START)[0] is kept


def _derived(people: People) -> Any:
    return people.interest_mask, people.wish_pointer


def _with_other_ties(now: dict[str, Row], draw: random.Random, people: int) -> dict[str, Row]:
    """Some ties are new, or as they were not; some are blocked."""
    after = dict(now)
    for _ in range(draw.randrange(8)):
        one, other = sorted(f"P{draw.randrange(people):015d}" for _ in range(2))
        if one != other:
            news = tie(
                one,
                other,
                contacts=draw.randrange(3),
                last=START - draw.randrange(90) * DAY_US,
                blocked_by_a=fact(value=True) if draw.random() < 0.2 else None,
            )
            after |= rows(replace(news, started_by_b=draw.randrange(3)))
    return after


@settings(max_examples=60, deadline=None)
@given(st.integers(60, 80), st.integers(0, 999))
def test_who_comes_and_who_goes_move_the_places_of_all_others(people: int, seed: int) -> None:
    draw, everyone = random.Random(seed), locality(people, 4 * people, seed)
    fitted = base.fit(Network.of(everyone), POLICY, START)
    later = draw.sample(sorted(key for key in everyone if key.startswith("member/")), 6)
    for key in later[::2]:  # who is paused leads to nobody, and may be blocked
        who, other = key.removeprefix("member/"), f"P{draw.randrange(people):015d}"
        everyone |= rows(member(who, sector="health", paused=True))
        if who < other:
            everyone |= rows(tie(who, other, contacts=1, blocked_by_a=fact(value=True)))
    now = {key: row for key, row in everyone.items() if key not in later}
    prepared = Prepared.of(Network.of(now))
    prepared.shown(fitted, START)
    found = []
    with pytest.MonkeyPatch.context() as nothing_anew:
        for name in ("columns", "led"):
            nothing_anew.setattr(f"crosstie.matching.prepared.{name}", None)
        nothing_anew.setattr("crosstie.matching.contacts._MOST_LATE", draw.choice((0, 1_000)))
        for n in range(3):
            before, now = now, _with_other_ties(now, draw, people)
            now |= {key: everyone[key] for key in later[2 * n : 2 * n + 2]}
            now = _without(now, f"P{draw.randrange(people):015d}", erased=draw.random() < 0.5)
            prepared = prepared.after(now, differing(before, now))
            found.append((prepared.shown(fitted, START + n), now))
    for n, (ours, rows_) in enumerate(found):
        theirs = Prepared.of(Network.of(rows_)).shown(fitted, START + n)
        assert _plain(ours) == _plain(theirs)
        assert _plain(_derived(ours[0])) == _plain(_derived(theirs[0]))


def _without(now: dict[str, Row], who: str, *, erased: bool) -> dict[str, Row]:
    """Where somebody is not known any more; once they are erased, none of their ties is."""
    gone = {member_key(who)}
    if erased:
        gone |= {key for key, row in now.items() if isinstance(row, Tie) and who in (row.a, row.b)}
    return {key: row for key, row in now.items() if key not in gone}


def _news(draw: random.Random) -> dict[str, Any]:
    """What a member says anew: some of it moves no code, some does."""
    some: tuple[dict[str, Any], ...] = (
        {"need/n": draw.choice((None, "night cover", "grant bids and night cover"))},
        {"need/m": "volunteer training", "offer/o": "staff retention", "offer/p": None},
        {"level": draw.randrange(1, 7)},
        {"availability": [draw.randrange(4), 1, 1, ["up"], []]},
        {"paused": draw.random() < 0.7},
        {"reports_to": f"P{draw.randrange(40):015d}"},
        {"availability": [2, 0, 0, [], draw.sample(("health", "prisons", "circus"), 2)]},
        {"sector": draw.choice(("health", "circus"))},
        {"profession": draw.choice(("acrobat", "nurse", None)), "place": "Borth"},
        {"interests": draw.choice((["juggling"], ["sleep", "juggling"], []))},
    )
    return draw.choice(some)
