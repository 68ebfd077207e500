"""When a round that found no assignment is tried again."""

from __future__ import annotations

import pytest

from crosstie.matching import ledger
from services.matching import leadership
from services.matching.leadership import Leadership
from services.matching.store import Head


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(leadership, "time", clock)
    return clock


@pytest.fixture
def mine() -> Leadership:
    return Leadership.after(Head(0, 0, "", 0), ledger.EMPTY, None)


@pytest.mark.usefixtures("clock")
def test_each_rest_is_twice_the_last_up_to_an_hour(mine: Leadership) -> None:
    assert [mine.rest(full=True) for _ in range(8)] == [60, 120, 240, 480, 960, 1920, 3600, 3600]


def test_rounds_of_few_go_on_after_a_full_one_that_failed(mine: Leadership, clock: Clock) -> None:
    assert not mine.rests(full=True)
    mine.rest(full=True)
    assert (mine.rests(full=True), mine.rests(full=False)) == (True, False)
    clock.now += leadership.FIRST_REST_SECONDS
    assert not mine.rests(full=True)


def test_all_rest_after_one_of_few_that_failed(mine: Leadership, clock: Clock) -> None:
    mine.rest(full=False)
    assert mine.rests(full=True)
    assert mine.rests(full=False)
    clock.now += leadership.FIRST_REST_SECONDS
    assert not mine.rests(full=False)
