"""The rows that matching holds are those it read, however they are packed meanwhile."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.wire import MARK_KEY, Mark, encode
from services.matching import assembly
from services.matching.assembly import Assembly

MARK = MARK_KEY.encode()
PEOPLE = "ABCDEF"


def _changes(draw: random.Random) -> dict[str, Row | None]:
    found: dict[str, Row | None] = {}
    for _ in range(draw.randrange(5)):
        one, other = sorted(draw.sample(PEOPLE, 2))
        gone = draw.random() < 0.3
        found[member_key(one)] = None if gone else Member(one)
        tie = Tie(one, other, started_by_a=draw.randrange(9))
        found[tie_key(one, other)] = None if draw.random() < 0.3 else tie
    return found


@pytest.mark.parametrize("most", [0, 3, 50_000])
def test_rows_and_news_are_those_that_came(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "_MOST_LATE", most)

    @given(st.integers(0, 10_000))
    def check(seed: int) -> None:
        draw, network, expected = random.Random(seed), Assembly(1), dict[str, Row]()
        told: set[str] | None = None  # as all news is told once, at first
        for n in range(1, 9):
            changes = _changes(draw)
            records = [
                (key.encode(), None if row is None else encode(row)) for key, row in changes.items()
            ]
            asked = network.news() if draw.random() < 0.5 else None
            before = dict(expected)
            network.take(0, [*records, (MARK, encode(Mark(n, n)))])
            for key, row in changes.items():
                expected.pop(key, None)
                if row is not None:
                    expected[key] = row
            if asked is not None:  # it is packed while more comes
                assert dict(asked.rows()) == before
                assert asked.keys == told
                network.keep(asked, asked.rows())
                told = set()
            if told is not None:
                told |= changes.keys()
            assert network.rows == expected
            assert network.about(PEOPLE) == expected

    check()


def test_news_that_was_lost_is_told_again() -> None:
    network = Assembly(1)
    key = member_key("A")
    network.take(0, [(key.encode(), encode(Member("A"))), (MARK, encode(Mark(1, 1)))])
    network.news()
    network.tell_all()
    again = network.news()
    assert (dict(again.rows()), again.keys) == ({key: Member("A")}, None)
