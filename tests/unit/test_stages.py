"""Stages of a long command: a line each where no terminal is, figures now and then, nothing when quiet."""

from __future__ import annotations

import asyncio
from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress

from crosstie.cli import demo
from crosstie.cli import stages as told_of
from crosstie.cli.demo import _plainly
from crosstie.cli.stages import AGAIN_SECONDS, Lines, stages


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_every_stage_is_a_line_with_the_seconds_since_the_start() -> None:
    out, clock = StringIO(), Clock()
    tell = Lines(Console(file=out, width=40), clock)
    tell("starting Kafka and PostgreSQL")
    clock.now += 12
    tell("waiting for matching (start: compiling [what] rounds compute with)")
    assert out.getvalue() == (
        "   0 s  starting Kafka and PostgreSQL\n"
        "  12 s  waiting for matching (start: compiling [what] rounds compute with)\n"
    )


def test_a_stage_whose_figures_alone_change_is_told_again_only_after_a_while() -> None:
    out, clock = StringIO(), Clock()
    tell = Lines(Console(file=out), clock)
    for seconds, sent in ((0, 1), (AGAIN_SECONDS / 2, 500), (AGAIN_SECONDS / 2, 1_000)):
        clock.now += seconds
        tell(f"{sent} events")
    assert out.getvalue() == "   0 s  1 events\n  10 s  1000 events\n"


def test_a_stage_that_does_not_change_is_told_once_however_long_it_lasts() -> None:
    out, clock = StringIO(), Clock()
    tell = Lines(Console(file=out), clock)
    for _ in range(3):
        tell("waiting for matching (start: compiling)")
        clock.now += AGAIN_SECONDS
    assert out.getvalue() == "   0 s  waiting for matching (start: compiling)\n"


def test_a_quiet_console_is_told_nothing() -> None:
    out = StringIO()
    with stages(Console(file=out, quiet=True), "starting") as tell:
        tell("waiting")
    assert out.getvalue() == ""


def test_a_terminal_shows_what_would_be_markup_as_it_stands() -> None:
    out = StringIO()
    with stages(Console(file=out, force_terminal=True, width=80), "starting") as tell:
        tell("waiting for profile (kafka: [/closed])")
    assert "[/closed]" in out.getvalue()


@pytest.mark.parametrize(("terminal", "told"), [(False, "   0 s  playing\n"), (True, "")])
async def test_the_demo_tells_its_stages_in_lines_where_no_bars_are_shown(
    terminal: bool, told: str
) -> None:
    out = StringIO()
    progress = Progress(console=Console(file=out, force_terminal=terminal))
    with _plainly(progress) as tell:
        tell("playing")
    assert out.getvalue() == told


async def test_the_demo_tells_how_far_it_is_and_no_more_once_it_is_told_to_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for each in (demo, told_of):
        monkeypatch.setattr(each, "AGAIN_SECONDS", 0.0)
    out = StringIO()
    progress = Progress(console=Console(file=out))
    events = progress.add_task("events", total=9)

    async def is_told(completed: int) -> bool:
        progress.update(events, completed=completed)
        for _ in range(20):
            await asyncio.sleep(0)
        return f"events {completed} of 9" in out.getvalue()

    found = []

    async def work() -> None:
        with _plainly(progress):
            found.append(await is_told(3))
            try:
                await asyncio.Event().wait()
            finally:  # as the system is left
                found.append(await is_told(7))

    playing = asyncio.create_task(work())
    while not found:  # noqa: ASYNC110  it yields
        await asyncio.sleep(0)
    playing.cancel()
    await asyncio.wait((playing,))
    assert found == [True, False]
