"""Rules that no round breaks, of anybody, whatever the order and the seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from crosstie.matching import pacing
from crosstie.matching.ledger import WEEK_US, pair_of
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.model import decided
from crosstie.network.state import Member, Row
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import POLICY, Town, fact, locality, member, rows, tie

towns = st.builds(
    lambda people, ties, seed: Town(locality(people, ties, seed)),
    st.integers(0, 40),
    st.integers(0, 120),
    st.integers(0, 50),
)


def stirred(town: Town, seed: int) -> Town:
    """The world moves on: answers, pauses, blocks, lowered capacity, erasures."""
    draw = random.Random(seed)
    for suggestion in sorted(town.ledger.live.values(), key=lambda each: each.id):
        answers = [(draw.randrange(2), draw.choice(("accepted", "declined", "met", "ended")))]
        town = town.answered(suggestion, *answers[: draw.randrange(2)])
        if draw.random() < 0.1:
            town = town.with_rows(
                tie(*suggestion.members, contacts=0, blocked_by_a=fact(value=True))
            )
    for key, row in sorted(town.rows.items()):
        if isinstance(row, Member) and draw.random() < 0.1:
            news = draw.choice(({"paused": True}, {"availability": [1, 0, 1, [], []]}))
            facts = row.facts | {name: fact(value) for name, value in news.items()}
            town = replace(town, rows={**town.rows, key: Member(row.subject, facts)})
        elif isinstance(row, Member) and draw.random() < 0.03:
            town = town.without(row.subject)
    return town


def broken(before: Town, town: Town) -> list[str]:
    """Rules that a round broke, in words."""
    network, ledger = town.network, town.ledger
    earlier = before.ledger.after((c for c in town.changes if c.cause != "made"), town.at)
    wrong: list[str] = []
    for each in town.made:
        a, b = each.members
        tie = network.tie(a, b)
        met = tie is not None and tie.met
        cooling = (
            earlier.pairs.get(pair_of(each), -(10**18)) > town.at - POLICY.cool_down_days * DAY_US
        )
        wrong += [
            f"{rule}: {each}"
            for rule, broken in {
                "self": a == b,
                "not eligible": not (network.eligible(a) and network.eligible(b)),
                "blocked": network.blocked(a, b),
                "line manager": network.reporting(a, b),
                "met": each.kind == "introduction" and met,
                "not met": each.kind == "reconnection" and not met,
                "cool-down": cooling,
                "live": pair_of(each) in earlier.live_pairs,
            }.items()
            if broken
        ]
    for subject in {subject for each in town.made for subject in each.members}:
        availability = network.members[subject].availability
        for slot in pacing.SLOTS:
            new = [s for s in pacing.holding(ledger, subject, slot) if s.round == town.n]
            free = pacing.free(earlier, availability, slot, town.at)
            wrong += [f"capacity: {subject} {slot}"] if len(new) > free else []
        pace = ledger.mentorings_since(subject, town.at - WEEK_US)
        mentored = any(each.kind == "mentoring" and subject in each.members for each in town.made)
        wrong += [f"pace: {subject}"] if mentored and pace > POLICY.mentoring.most_a_week else []
    twice = Counter(pair_of(each) for each in town.made)
    return wrong + [f"twice: {pair}" for pair, n in twice.items() if n > 1]


@settings(max_examples=60, deadline=None)
@given(towns, st.integers(0, 9))
def test_no_round_breaks_a_rule(town: Town, seed: int) -> None:
    for n, days in enumerate((0, 1, 7, 30)):
        before, town = town, town.round(days)
        assert broken(before, town) == []
        town = stirred(town, seed + n)


@settings(max_examples=40, deadline=None)
@given(towns, st.integers(0, 9))
def test_shuffled_input_gives_the_same_bytes(town: Town, seed: int) -> None:
    town = stirred(town.round(), seed)
    shuffled = list(town.rows.items())
    random.Random(seed).shuffle(shuffled)
    live = dict(sorted(town.ledger.live.items(), key=lambda each: hash(each[0])))
    other = replace(town, rows=dict(shuffled), ledger=structs.replace(town.ledger, live=live))
    one, two = town.round(2), other.round(2)
    assert decided(one.changes, one.notes) == decided(two.changes, two.notes)
    assert encode(one.ledger) == encode(two.ledger)


@settings(max_examples=30, deadline=None)
@given(towns, st.integers(0, 9))
def test_a_round_of_some_breaks_no_rule_and_serves_only_them(town: Town, seed: int) -> None:
    town = stirred(town.round(), seed)
    names = [row.subject for row in town.rows.values() if isinstance(row, Member)]
    some = frozenset(random.Random(seed).sample(names, len(names) // 3))
    after = town.round(0.5, serve=some)
    settled = (c.suggestion.members for c in after.changes if c.cause != "made")
    freed = {subject for members in settled for subject in members}
    assert broken(town, after) == []
    assert all({*each.members} & (some | freed) for each in after.made)


@settings(max_examples=30, deadline=None)
@given(towns)
def test_serving_everyone_by_name_is_a_full_round(town: Town) -> None:
    names = frozenset(row.subject for row in town.rows.values() if isinstance(row, Member))
    assert town.round(serve=names).changes == town.round().changes


@settings(max_examples=30, deadline=None)
@given(towns)
def test_a_second_round_at_the_same_time_adds_little_and_changes_nothing(town: Town) -> None:
    first = town.round()
    assert set(first.round().causes) <= {"made"}
    assert broken(first, first.round()) == []


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param([], id="nobody"),
        pytest.param([member("A", needs={"n": "help"})], id="one person"),
        pytest.param([tie("A", "B")], id="a tie between unknown people"),
        pytest.param([member(f"P{i}", paused=True) for i in range(9)], id="everybody paused"),
        pytest.param([member("A", weekly=0), member("B", weekly=0)], id="nobody with time"),
    ],
)
def test_there_is_an_answer_for(stated: list[Row]) -> None:
    town = Town(rows(*stated)).round()
    assert town.changes == ()
    assert town.round(1, serve=frozenset({"A"})).changes == ()


def test_different_seeds_change_the_order_of_chances_and_nothing_else() -> None:
    town = Town(locality(60, 100))
    one, other = town.round(seed=1), town.round(seed=2)
    assert broken(town, other) == []
    assert [each.id for each in one.made] != [each.id for each in other.made]
