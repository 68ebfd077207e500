"""A mark beyond the log makes matching unready where it lasts, and no longer than it lasts."""

from __future__ import annotations

import pytest

from crosstie.errors import BrokerAway
from crosstie.topics import Topics
from services.matching.ahead import DOUBT_SECONDS, Doubt


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unready() -> dict[str, str]:
    return {}


@pytest.fixture
def doubt(clock: Clock, unready: dict[str, str]) -> Doubt:
    return Doubt(Topics(), unready, clock)


def test_one_that_lasts_is_named_with_both_offsets_and_the_remedy(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    doubt.observe([4, 900], [4, 12])
    clock.now = DOUBT_SECONDS - 1
    doubt.observe([4, 900], [4, 13])
    assert unready == {}
    clock.now = DOUBT_SECONDS
    doubt.observe([4, 900], [4, 14])
    assert list(unready) == ["network"]
    assert unready["network"].startswith(
        "the mark of crosstie.network.v1/1 is at 900 and crosstie.events.v1/1 ends at 14, for 15 s"
    )
    assert "let nobody but profile write" in unready["network"]
    assert "restore it" in unready["network"]


def test_it_is_ready_again_once_the_mark_is_right_or_the_log_as_long(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    for marks, ends in (([14], [14]), ([900], [900])):
        doubt.observe([900], [14])
        clock.now += DOUBT_SECONDS
        doubt.observe([900], [14])
        assert unready
        doubt.observe(marks, ends)
        assert unready == {}


def test_one_that_comes_and_goes_does_not_last(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    for turn in range(9):
        clock.now = turn * DOUBT_SECONDS
        doubt.observe([9, 0] if turn % 2 else [0, 9], [8, 8])
    assert unready == {}


def test_however_far_profile_is_behind_nothing_is_ahead(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    for clock.now in (0, DOUBT_SECONDS, 9 * DOUBT_SECONDS):
        doubt.observe([0, 7, 9], [10**9, 7, 10])
    assert unready == {}


async def test_marks_are_taken_before_the_ends_so_a_log_that_grows_is_never_behind(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    log = [0]

    async def ends() -> list[int]:
        found = log.copy()
        log[0] += 10  # folded, and a newer mark read, while the answer is on its way
        return found

    for turn in range(9):
        clock.now = turn * DOUBT_SECONDS
        await doubt.look(log.copy, ends)
    assert unready == {}


async def test_what_was_seen_before_the_broker_was_away_did_not_last(
    doubt: Doubt, clock: Clock, unready: dict[str, str]
) -> None:
    async def away() -> list[int]:
        raise BrokerAway("nobody answers")

    doubt.observe([9], [8])
    clock.now = DOUBT_SECONDS
    with pytest.raises(BrokerAway):
        await doubt.look(lambda: [9], away)
    doubt.observe([9], [8])
    assert unready == {}
