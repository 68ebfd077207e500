"""What a round is told of who was touched saves work and decides nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie.matching.base import fit
from crosstie.matching.fairness import busy, made
from crosstie.matching.ledger import Ledger
from crosstie.matching.ledger_bytes import encode, read, stored
from crosstie.matching.market import cooling
from crosstie.matching.model import decided
from crosstie.matching.pacing import freed_by_time
from crosstie.matching.people import columns
from crosstie.matching.serve import changed_members
from crosstie.matching.settle import settle
from crosstie.network.state import Member, Tie, tie_key
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, START, Town, fact, locality, member, rows, tie

ANSWERS = ("accepted", "declined", "ignored", "met", "useful", "ended", "of another version")


def moved(town: Town, draw: random.Random) -> Town:
    """Something happens to some: answers, meetings, blocks, pauses, less time, moves, erasures."""
    for suggestion in draw.sample(sorted(town.ledger.live), len(town.ledger.live) // 2):
        live = town.ledger.live[suggestion]
        told = tuple((draw.randrange(2), draw.choice(ANSWERS)) for _ in range(draw.randrange(4)))
        town = town.answered(live, *told, days=draw.choice((-1, 0, 1, 30, 400)))
        key = tie_key(*live.members)
        between = town.rows.get(key)
        chance = draw.random()
        if chance < 0.1:
            one, other = sorted(live.members)
            now = between if isinstance(between, Tie) else Tie(one, other)
            town = town.with_rows(structs.replace(now, blocked_by_a=fact(True)))
        elif chance < 0.2:
            town = town.with_rows(tie(*live.members, last=town.at + draw.randint(-9, 9)))
        elif chance < 0.25 and between is not None:  # all of it is gone again
            town = replace(town, rows={each: row for each, row in town.rows.items() if each != key})
    people = sorted(key for key, row in town.rows.items() if isinstance(row, Member))
    for key in draw.sample(people, len(people) // 5):
        subject, chance = key.removeprefix("member/"), draw.random()
        known = town.rows[key]
        assert isinstance(known, Member)
        if chance < 0.1:
            town = town.without(subject)
        elif chance < 0.6:
            said = draw.choice(
                (
                    {"availability": fact([draw.randrange(3), draw.randrange(2), 0, [], []])},
                    {"paused": fact(draw.random() < 0.6)},
                    {"joined": fact(draw.random() < 0.6)},
                    {"reports_to": fact(draw.choice(people).removeprefix("member/"))},
                )
            )
            town = town.with_rows(structs.replace(known, facts=known.facts | said))
    return town.with_rows(member("NEW", weekly=draw.randrange(3)))


def _counts(town: Town, ledger: Ledger) -> list[Any]:
    """What a round counts of `ledger`, which says the same whenever it was counted first."""
    people, later = columns(town.network, fit(town.network, POLICY, START)), town.at + 2 * DAY_US
    at = (town.at, later, town.at + 8 * DAY_US)
    arrays = [busy(people, ledger), *(made(people, ledger, each) for each in at)]
    arrays += [np.unique(cooling(people, ledger, each - 9 * DAY_US)) for each in at]
    freed = [freed_by_time(ledger, each) for each in at]
    return [*(each.tolist() for each in arrays), *freed, ledger.tallies.standing.tolist()]


def _held(ledger: Ledger) -> Any:
    """Who holds what, in which order it expires, and who met whom by a suggestion."""
    expiries = [each.id for each in ledger.holdings.by_expiry(ledger.live)]
    met = {who: sorted(others) for who, others in ledger.acquainted.items()}
    return dict(ledger.by_member.items()), list(dict.fromkeys(expiries)), met


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 30), st.integers(0, 80), st.integers(0, 999), st.booleans())
def test_settling_the_touched_is_settling_all(
    people: int, ties: int, seed: int, all_due: bool
) -> None:
    draw = random.Random(seed)
    town = Town(locality(people, ties, seed)).round()
    for _ in range(5):
        before, days = town.rows, draw.choice((0, 0.5, 3, 8, 40) if all_due else (0, 1))
        for _ in range(draw.randrange(3)):
            town = moved(town, draw)
        every = before.keys() | town.rows.keys()
        touched = frozenset(key for key in every if before.get(key) != town.rows.get(key))
        served = changed_members(before, town.rows)
        at = town.at + int(days * DAY_US)
        ours = settle(town.network, town.ledger, POLICY, at, touched)
        theirs = settle(town.network, town.ledger, POLICY, at)
        assert decided(ours[1], {}) == decided(theirs[1], {})
        assert encode(ours[0]) == encode(theirs[0])
        if draw.random() < 0.3:  # a round that only settles
            town = replace(town, ledger=ours[0], at=at)
        else:
            town = town.round(days, serve=draw.choice((None, served)), touched=touched)
        assert _held(town.ledger) == _held(read(stored(town.ledger)))
        assert _counts(town, town.ledger) == _counts(town, read(stored(town.ledger)))


def test_an_answer_that_came_before_its_suggestion_is_settled_with_the_others() -> None:
    town = Town(rows(member("A"), member("B")))
    soon = town.round().made[0]
    early = town.answered(soon, (0, "declined")).round()
    assert early.ledger.live.keys() == {soon.id}
    _, happened = settle(early.network, early.ledger, POLICY, early.at, frozenset())
    assert [each.cause for each in happened] == ["declined"]


def test_whoever_is_not_touched_is_not_looked_at() -> None:
    town = Town(rows(member("A"), member("B"))).round()
    away = town.without("A")
    assert settle(away.network, away.ledger, POLICY, START, frozenset()) == (town.ledger, ())
