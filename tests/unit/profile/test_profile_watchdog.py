"""A consumer that hangs is told from one that has nothing to read, is slow, or is not asked."""

from __future__ import annotations

import pytest

from services.profile.watchdog import STILL_SECONDS, Hangs, Watchdog


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dog(clock: Clock) -> Watchdog:
    return Watchdog(clock)


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
