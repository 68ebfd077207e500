"""A mark beyond the log is told once where it lasts, and once that it is over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from crosstie.errors import BrokerAway
from crosstie.runtime.service import Running
from crosstie.topics import Topics
from services.matching import ahead, figures
from services.matching.ahead import DOUBT_SECONDS, LOOK_SECONDS, Doubt, keep_looking
from tests.logged import fields

TOLD, OVER = "mark beyond the log", "mark no longer beyond the log"
AWAY = BrokerAway("nobody answers")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Reads:
    """A reader of one partition: its mark, and where the log ends, which may be an error."""

    def __init__(self, mark: int, *ends: int | BrokerAway) -> None:
        self.network = SimpleNamespace(offsets=(mark,))
        self.ends = list(ends)
        self.at_end: Callable[[], None] = lambda: None

    async def up_to_end(self) -> None:
        self.at_end()

    async def log_ends(self) -> tuple[int, ...]:
        found = self.ends.pop(0)
        if isinstance(found, BrokerAway):
            raise found
        return (found,)


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged."""
    caplog.set_level("INFO", "crosstie.matching")
    return caplog


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doubt(clock: Clock) -> Doubt:
    return Doubt(Topics(), clock)


def said(lines: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in lines.records]


def counted() -> float:
    return float(figures.AHEAD._value.get())


def last(doubt: Doubt, clock: Clock, marks: list[int], ends: list[int]) -> None:
    """They are seen for so long that one ahead is told."""
    until = clock.now + DOUBT_SECONDS
    doubt.observe(marks, ends)
    while clock.now < until:
        clock.now += LOOK_SECONDS
        doubt.observe(marks, ends)


async def look(doubt: Doubt, reader: Any) -> None:
    with contextlib.suppress(BrokerAway):
        await doubt.look(reader)


def test_one_that_lasts_is_told_once_with_both_offsets_and_the_remedy(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    doubt.observe([4, 900], [4, 12])
    clock.now = DOUBT_SECONDS - 1
    doubt.observe([4, 900], [4, 13])
    assert (said(lines), counted()) == ([], 0)
    for clock.now in (DOUBT_SECONDS, DOUBT_SECONDS + 1):
        doubt.observe([4, 900], [4, 14])
        assert (said(lines), counted()) == ([TOLD], 1)
    (line,) = lines.records
    assert line.levelname == "ERROR"
    told = fields(line)
    remedy = told.pop("remedy")
    assert told == {
        "topic": "crosstie.network.v1",
        "partition": 1,
        "mark": 900,
        "log": "crosstie.events.v1",
        "end": 14,
        "seconds": 15,
    }
    assert "let nobody but profile write to crosstie.network.v1" in remedy
    assert "Where crosstie.events.v1 was made again, restore it" in remedy


def test_it_is_over_once_the_mark_is_right_or_the_log_as_long(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    for marks, ends in (([14], [14]), ([900], [900])):
        last(doubt, clock, [900], [14])
        assert counted() == 1
        doubt.observe(marks, ends)
        doubt.observe(marks, ends)
        assert counted() == 0
    assert said(lines) == [TOLD, OVER] * 2
    over = lines.records[1]
    assert over.levelname == "INFO"
    assert [fields(over)[each] for each in ("partition", "mark", "end")] == [0, 14, 14]


def test_each_partition_is_told_and_counted_by_itself(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    last(doubt, clock, [9, 0, 0], [8, 8, 8])
    last(doubt, clock, [9, 0, 9], [8, 8, 8])
    assert counted() == 2
    doubt.observe([0, 0, 9], [8, 8, 8])
    assert counted() == 1
    told = [(each.getMessage(), fields(each)["partition"]) for each in lines.records]
    assert told == [(TOLD, 0), (TOLD, 2), (OVER, 0)]


def test_one_that_comes_and_goes_does_not_last(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    for turn in range(9):
        clock.now = turn * DOUBT_SECONDS
        doubt.observe([9, 0] if turn % 2 else [0, 9], [8, 8])
    assert (said(lines), counted()) == ([], 0)


def test_however_far_profile_is_behind_nothing_is_ahead(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    last(doubt, clock, [0, 7, 9], [10**9, 7, 10])
    assert (said(lines), counted()) == ([], 0)


async def test_marks_are_taken_before_the_ends_so_a_log_that_grows_is_never_behind(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    class Grows(Reads):
        async def log_ends(self) -> tuple[int, ...]:
            (found,) = self.network.offsets
            self.network.offsets = (found + 10,)  # a newer mark is read while the answer comes
            return (found,)

    reader = Grows(0)
    for turn in range(9):
        clock.now = turn * LOOK_SECONDS
        await look(doubt, reader)
    assert said(lines) == []


async def test_what_was_told_stands_while_a_broker_is_away_and_is_not_told_again(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    last(doubt, clock, [9], [8])
    reader = Reads(9, 8, AWAY, 8, AWAY, AWAY, AWAY, AWAY, 8, 8, 8, 8)
    while reader.ends:
        clock.now += LOOK_SECONDS
        await look(doubt, reader)
        assert (said(lines), counted()) == ([TOLD], 1)


async def test_what_ended_while_a_broker_was_away_is_over_when_it_is_back(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    last(doubt, clock, [9], [8])
    reader = Reads(9, AWAY, 9)
    await look(doubt, reader)
    await look(doubt, reader)
    assert (said(lines), counted()) == ([TOLD, OVER], 0)


async def test_what_was_only_seen_before_a_broker_was_away_did_not_last(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    reader = Reads(9, 8, 8, AWAY, 8, 8)
    while reader.ends:
        await look(doubt, reader)
        clock.now += LOOK_SECONDS
    assert said(lines) == []
    clock.now += DOUBT_SECONDS  # nobody was asked, for the reader was connecting anew
    await look(doubt, Reads(9, 8))
    assert said(lines) == []


async def test_a_reader_that_starts_over_is_looked_at_once_it_has_read_all(
    doubt: Doubt, clock: Clock, lines: pytest.LogCaptureFixture
) -> None:
    last(doubt, clock, [9], [8])
    reader = Reads(0, 8)
    reader.at_end = lambda: setattr(reader.network, "offsets", (9,))
    await look(doubt, reader)
    assert (said(lines), counted()) == ([TOLD], 1)


async def test_looking_goes_on_until_the_stop_and_makes_nobody_unready(
    monkeypatch: pytest.MonkeyPatch, lines: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ahead, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(ahead, "DOUBT_SECONDS", 0.0)
    running, reader = Running(), Reads(9, AWAY, 8, AWAY, 8)
    looked: Any = reader
    reader.at_end = lambda: None if reader.ends[1:] else running.stop.set()
    await keep_looking(looked, Topics(), running)
    away = "not compared with the log"
    assert said(lines) == [away, TOLD, away]
    assert running.unready == {}
