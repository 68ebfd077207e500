"""What a worker carries is a rate of what is in effect; where not all is, nothing was measured."""

from __future__ import annotations

import asyncio
from collections import Counter
from math import inf
from typing import Any

import pytest

from crosstie.chaos import flood
from crosstie.chaos.audit import Standing
from crosstie.chaos.flood import Flood, Unmeasured
from crosstie.chaos.told import Poured, Told
from crosstie.errors import BrokerAway

DONE = {"inboxes": 9, "fold": 9, "network": 9, "matching": 9, "rounds": 9}
NOTHING_LEFT = dict.fromkeys(DONE, 0)
HALF_FOLDED = {**NOTHING_LEFT, "fold": 30_000, "matching": 7}


class Clock:
    """Time that passes only where something takes it: a pour two seconds, a look one."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Doors:
    """Both take whatever they are given, but for `left` of the members; HTTP at that `speed`."""

    def __init__(self, clock: Clock, left: int = 0, speed: float = 5_000.0) -> None:
        self._clock = clock
        self._speed = speed
        self.left = left
        self.answers = Counter({202: 2})
        self.unanswered = Counter({"TimeoutError": 7})

    async def post(self, _: Any, limit_seconds: float = inf) -> None:
        assert not self.left or limit_seconds < inf, "it waits for ever"

    async def at_full_speed(self, _: float) -> float:
        return self._speed

    async def pour(self, rate: float, seconds: float) -> Poured:
        self._clock.now += 2.0
        return Poured(int(rate * seconds), seconds)

    async def until_taken(self, _: float) -> None: ...


def flooding(
    monkeypatch: pytest.MonkeyPatch, *behind: dict[str, int] | BrokerAway, **doors_are: Any
) -> Flood:
    """At each look that is behind, and then for ever what came last."""
    looks, clock = list(behind), Clock()

    async def standing(_: Any) -> Standing:
        clock.now += 1.0
        now = looks.pop(0) if len(looks) > 1 else looks[0]
        if isinstance(now, BrokerAway):
            raise now
        return Standing(DONE, now)

    monkeypatch.setattr(flood, "standing", standing)
    monkeypatch.setattr(flood, "monotonic", clock)
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    doors: Any = Doors(clock, **doors_are)
    settings: Any = None
    return Flood(settings, doors, doors, Told("urn:flood", "flood", 5, 0))


async def test_what_is_in_effect_is_a_rate_by_each_door(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [NOTHING_LEFT, NOTHING_LEFT, HALF_FOLDED, NOTHING_LEFT]
    # 60,000 in a pour, a look, a rest of a second, and a look
    assert await flooding(monkeypatch, *looks).carried() == {"inbox": 12_000.0, "http": 5_000.0}


@pytest.mark.parametrize(
    ("before", "of", "age"),
    [
        (0, "the first members", 10),
        (1, "10000 events by the inbox", 2),
        (2, "60000 events by the inbox", 2),
        (3, "what HTTP took", 10),
    ],
)
async def test_a_wait_that_is_over_before_all_is_in_effect_is_no_rate(
    monkeypatch: pytest.MonkeyPatch, before: int, of: str, age: int
) -> None:
    with pytest.raises(Unmeasured) as refused:
        await flooding(monkeypatch, *[NOTHING_LEFT] * before, HALF_FOLDED).carried()
    said = str(refused.value)
    assert said.startswith(f"nothing was measured: {of}, of which not all is in effect")
    assert f"after 240 s (behind: fold 30000, as of {age} s before)" in said


async def test_what_was_looked_at_long_ago_is_said_to_be_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Unmeasured, match="fold 30000, as of 240 s before"):
        await flooding(monkeypatch, HALF_FOLDED, BrokerAway("gone")).carried()


@pytest.mark.parametrize(
    ("doors", "what"),
    [
        ({"left": 3}, "3 of the first 5 members within 240 s"),
        ({"speed": 0.0}, "all that was offered within 5 s"),
    ],
    ids=["members", "full speed"],
)
async def test_a_door_that_takes_nothing_measures_nothing(
    monkeypatch: pytest.MonkeyPatch, doors: dict[str, Any], what: str
) -> None:
    with pytest.raises(Unmeasured) as refused:
        await flooding(monkeypatch, NOTHING_LEFT, **doors).carried()
    said = str(refused.value)
    assert said.startswith(f"nothing was measured: HTTP did not take {what}")
    assert "(so far it answered 2 times 202, 7 times TimeoutError); try again" in said


async def test_looks_that_nobody_answers_measure_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unmeasured, match="unknown, no look was answered"):
        await flooding(monkeypatch, BrokerAway("gone")).carried()


async def test_what_rounds_have_not_read_yet_is_drained_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read_later = {**NOTHING_LEFT, "matching": 7}
    assert await flooding(monkeypatch, read_later).drained(0.0, 9.0)
    assert not await flooding(monkeypatch, HALF_FOLDED).drained(0.0, 9.0)
