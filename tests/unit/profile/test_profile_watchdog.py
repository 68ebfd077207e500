"""A consumer that hangs is told from one that has nothing to read, is slow, or is not asked."""

from __future__ import annotations

from typing import Any

import pytest

from crosstie.errors import BrokerAway
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


def test_time_is_told_from_when_it_stood_still_first(
    dog: Watchdog, clock: Clock, unready: dict[str, str]
) -> None:
    clock.now = 1_000
    dog.observe({0: 1}, {0: 9})
    clock.now += STILL_SECONDS - 1
    dog.observe({0: 1}, {0: 9})
    assert unready == {"consumer": "partition 0 stands at 1 of 9 for 29 s"}


def test_the_one_that_stands_still_for_longest_is_named(
    dog: Watchdog, clock: Clock, unready: dict[str, str]
) -> None:
    dog.observe({0: 1, 5: 2}, {0: 9, 5: 8})
    clock.now = 1
    dog.observe({0: 2, 5: 2}, {0: 9, 5: 8})
    clock.now = DOUBT_SECONDS + 2
    dog.observe({0: 2, 5: 2}, {0: 9, 5: 8})
    assert unready == {"consumer": "partition 5 stands at 2 of 8 for 17 s"}


def test_one_whose_end_nobody_knows_does_not_hang(dog: Watchdog, clock: Clock) -> None:
    for clock.now in (0, STILL_SECONDS):
        dog.observe({0: 0, 1: 7}, {})


class World:
    """Stands for the assignment and for the log."""

    def __init__(self) -> None:
        self.reading = [2, 4]
        self.away = False

    async def ends(self, partitions: list[int]) -> dict[int, int]:
        assert partitions == [2, 4]
        self.reading = [2]  # 4 got a batch meanwhile
        if self.away:
            raise BrokerAway("nobody answers")
        return {2: 9, 4: 9}

    async def positions(self, partitions: list[int]) -> dict[int, int]:
        assert partitions == [2]
        return {2: 5}

    async def seen_by(self, dog: Watchdog) -> None:
        self.reading = [2, 4]
        me: Any = self
        await dog.watch(me, me)


async def test_those_that_only_read_are_watched(
    dog: Watchdog, clock: Clock, unready: dict[str, str]
) -> None:
    world = World()
    await world.seen_by(dog)
    clock.now = STILL_SECONDS
    with pytest.raises(Hangs, match="partition 2 stands at 5 of 9 for 30 s"):
        await world.seen_by(dog)


async def test_while_the_broker_is_away_nothing_stands_still(dog: Watchdog, clock: Clock) -> None:
    world = World()
    await world.seen_by(dog)
    clock.now, world.away = STILL_SECONDS, True
    with pytest.raises(BrokerAway):
        await world.seen_by(dog)
    world.away = False
    await world.seen_by(dog)
