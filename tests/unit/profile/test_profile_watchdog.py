"""A consumer that hangs is told from one that has nothing to read, is slow, or is not asked."""

from __future__ import annotations

import pytest

from services.profile.watchdog import DOUBT_SECONDS, STILL_SECONDS, Hangs, Watchdog


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
def dog(clock: Clock, unready: dict[str, str]) -> Watchdog:
    return Watchdog(unready, clock)


def test_one_that_stands_still_behind_the_end_hangs_though_others_move(
    dog: Watchdog, clock: Clock
) -> None:
    dog.observe({0: 5, 1: 0}, {0: 9, 1: 9})
    clock.now = STILL_SECONDS - 1
    dog.observe({0: 5, 1: 1}, {0: 12, 1: 9})
    clock.now = STILL_SECONDS
    with pytest.raises(Hangs, match="partition 0 stands at 5 of 12"):
        dog.observe({0: 5, 1: 2}, {0: 12, 1: 9})


def test_at_the_end_nothing_hangs_however_long(dog: Watchdog, clock: Clock) -> None:
    for clock.now in (0, STILL_SECONDS, 9 * STILL_SECONDS):
        dog.observe({0: 9}, {0: 9})
    dog.observe({0: 9}, {0: 10})


def test_one_that_moves_however_slowly_works(dog: Watchdog, clock: Clock) -> None:
    for turn in range(9):
        clock.now = turn * (STILL_SECONDS - 1)
        dog.observe({0: turn}, {0: 99})


def test_one_that_was_busy_meanwhile_is_watched_anew(dog: Watchdog, clock: Clock) -> None:
    dog.observe({0: 5}, {0: 9})
    clock.now = STILL_SECONDS - 1
    dog.observe({}, {})
    clock.now = STILL_SECONDS
    dog.observe({0: 5}, {0: 9})


def test_one_that_may_hang_is_unready_until_it_moves(
    dog: Watchdog, clock: Clock, unready: dict[str, str]
) -> None:
    dog.observe({0: 5}, {0: 9})
    clock.now = DOUBT_SECONDS - 1
    dog.observe({0: 5}, {0: 9})
    assert unready == {}
    clock.now = DOUBT_SECONDS
    dog.observe({0: 5}, {0: 9})
    assert unready == {"consumer": "partition 0 stands at 5 of 9 for 15 s"}
    dog.observe({0: 6}, {0: 9})
    assert unready == {}


def test_one_that_hangs_is_unready_when_its_process_ends(
    dog: Watchdog, clock: Clock, unready: dict[str, str]
) -> None:
    dog.observe({0: 5}, {0: 9})
    clock.now = STILL_SECONDS
    with pytest.raises(Hangs):
        dog.observe({0: 5}, {0: 9})
    assert list(unready) == ["consumer"]
