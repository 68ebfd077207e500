"""`crosstie demo`: a real contact log through the whole system, and what comes out of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TextColumn,
    TimeElapsedColumn,
)

from crosstie.cli.shared import INTERRUPTED, given_stack, restarts_told, run_until_stopped
from crosstie.cli.stages import AGAIN_SECONDS, Lines, Tell


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    members: Annotated[
        int | None,
        typer.Option(
            help="Play a simulated locality of so many people instead of the contact log."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is invented.")] = 1,
    data: Annotated[
        Path | None, typer.Option(help="Keep Kafka and PostgreSQL here, for `crosstie up --data`.")
    ] = None,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave the system running afterwards, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Play a real contact log into the whole system as a platform would, and answer suggestions.

    Starts Kafka, PostgreSQL and the three services, sends 33,751 contacts of an office in event
    time, answers what is suggested, then shows what came out of Kafka and checks the books. Exit
    code 1 when a book is not clean, or an event was lost or doubled.
    """
    if not run_until_stopped(_demo(members, seed, data, stay=stay, as_json=as_json)):
        raise typer.Exit(INTERRUPTED)


async def _demo(
    members: int | None, seed: int, data: Path | None, *, stay: bool, as_json: bool
) -> None:
    from crosstie.cli.up import summary
    from crosstie.demo.contact_log import contact_log
    from crosstie.demo.story import simulated
    from crosstie.runtime.supervisor import whole_system

    story = contact_log(seed) if members is None else simulated(members, seed)
    # what is watched from the outside is watched round by round, also those that decide nothing
    environment = {"CROSSTIE_CLOCK": "log", "CROSSTIE_EMPTY_ROUND_SECONDS": "0"} | os.environ
    console = Console(stderr=True)
    started = monotonic()
    await given_stack(console, environment, data)
    with restarts_told(console), _progress(console) as progress, _plainly(progress) as line:
        step = progress.add_task("starting", total=None)

        def tell(what: str) -> None:
            progress.update(step, description=what)
            line(what)

        async with whole_system(data=data, environment=environment, tell=tell) as system:
            tell("playing")
            told, books = await _played(system, story, seed, progress, started, tell)
            progress.update(step, visible=False)
            progress.stop()
            _print(told, books, as_json=as_json)
            if stay:
                summary(console, system)
                with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is how it ends
                    await asyncio.Event().wait()
    if wrong := amiss(told, clean=books.clean):
        console.print(f"not as it should be: {'; '.join(wrong)}", markup=False, soft_wrap=True)
        raise typer.Exit(1)


def amiss(told: Mapping[str, Any], *, clean: bool) -> list[str]:
    """What a demonstration that went well would not report."""
    wrong = {
        "a book differs": not clean,
        f"{told['lost']} events lost": told["lost"],
        f"{told['doubled']} events doubled": told["doubled"],
        "no suggestion was made": not told["suggestions"],
        "the last events were not in a round in time": not told["settled"],
        f"{told['rejected']} events rejected, not {told['wrong']}": told["rejected"]
        != told["wrong"],
    }
    return [what for what, true in wrong.items() if true]


async def _played(
    system: Any, story: Any, seed: int, progress: Progress, started: float, stage: Tell
) -> tuple[dict[str, Any], Any]:
    from crosstie.demo.player import play
    from crosstie.demo.report import report
    from crosstie.replay.books import check

    tasks = {"events": progress.add_task("events", total=len(story.events))}
    seconds = {"start": monotonic() - started}

    def tell(what: str, completed: int, of: int) -> None:
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=of or None)
        progress.update(tasks[what], completed=completed)

    begun = monotonic()
    played = await play(system, story, seed, tell)
    seconds["play"] = monotonic() - begun
    stage("checking the books")
    begun = monotonic()
    books = await check(system.settings, acknowledged=played.promised())
    seconds["books"] = monotonic() - begun
    return report(played, books, seconds), books


def _print(told: dict[str, Any], books: Any, *, as_json: bool) -> None:
    from crosstie.cli.check import lines
    from crosstie.demo.show import show

    if as_json:
        print(json.dumps(told), flush=True)
    else:
        show(Console(), told, (line for book in books.books for line in lines(book)))


@contextlib.contextmanager
def _plainly(progress: Progress) -> Iterator[Tell]:
    """Where no terminal shows the bars: a line for each stage, and every ten seconds how far it is.

    Once this task is told to end, nothing more: the way out of the system may take half a minute.
    """
    if progress.console.is_terminal:
        yield lambda _: None
        return
    lines = Lines(progress.console)

    playing = asyncio.current_task()

    async def tell() -> None:
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            if playing is not None and playing.cancelling():
                return
            lines("; ".join(_plain(each) for each in progress.tasks if each.visible))

    telling = asyncio.ensure_future(tell())
    try:
        yield lines
    finally:
        telling.cancel()


def _plain(task: Task) -> str:
    if not task.completed:
        return task.description
    of = "" if task.total is None else f" of {task.total:.0f}"
    return f"{task.description} {task.completed:.0f}{of}"


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<20}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,  # or its last frame would stand among the lines
    )
