"""`crosstie watch`: suggestions as they come, as the platform sees them."""

from __future__ import annotations

import heapq
import os
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from crosstie.cli.options import Bootstrap, Prefix
from crosstie.cli.shared import brokers_at, platform_topic, run_until_stopped

if TYPE_CHECKING:
    from crosstie.brokers import Brokers
    from crosstie.client.outcome import Received, Suggestions

NEWEST = 20


def register(app: typer.Typer) -> None:
    app.command("watch")(watch)


def watch(
    platform: Annotated[str, typer.Argument(help="Whose suggestions.")],
    bootstrap: Bootstrap = "",
    prefix: Prefix = "crosstie.",
    from_beginning: Annotated[
        bool,
        typer.Option(help="Show what is there first, of the last 30 days: the newest 20 at most."),
    ] = False,
    last: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Show the newest so many of what is there first; 0: all. With --from-beginning 20 "
            "otherwise, and all with --json.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many; otherwise at Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what becomes of a platform's suggestions, as it happens.

    Reads `suggestions.v1.PLATFORM` and moves nobody's offsets.
    """
    if from_beginning and last is None:
        last = 0 if as_json else NEWEST
    run_until_stopped(_watch(platform, brokers_at(bootstrap), prefix, last, limit, as_json))


async def _watch(
    platform: str,
    brokers: Brokers,
    prefix: str,
    last: int | None,
    limit: int | None,
    as_json: bool,
) -> None:
    from crosstie.client.outcome import suggestions
    from crosstie.topics import Topics

    topic = Topics(prefix).suggestions(platform).name
    await platform_topic(brokers, platform, topic)
    console, aside = Console(), Console(stderr=True)
    async with suggestions(brokers, topic, from_beginning=last is not None) as reader:
        aside.print(f"watching {topic}", highlight=False)
        coming = reader.follow() if not last else _newest_then_all(reader, last, aside)
        seen = 0
        async for received in coming:
            try:
                if as_json:
                    print(received.change.model_dump_json(), flush=True)
                else:
                    show(console, received)
            except (BrokenPipeError, SystemExit):  # rich makes the second of the first
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return
            seen += 1
            if seen == limit:
                return


async def _newest_then_all(
    reader: Suggestions, last: int, aside: Console
) -> AsyncIterator[Received]:
    """The newest `last` of what is there, in the order in which Kafka wrote them; then what comes."""
    newest: list[tuple[int, tuple[int, int], Received]] = []
    passed = 0
    async for each in reader.so_far():
        heapq.heappush(newest, (each.appended, each.place, each))
        if len(newest) > last:
            heapq.heappop(newest)
            passed += 1
    if passed:
        aside.print(
            f"{passed} earlier ones are left out: `--last 0` shows all, `--last 100` more",
            highlight=False,
        )
    for _, _, each in sorted(newest, key=lambda kept: kept[:2]):
        yield each
    async for each in reader.follow():
        yield each


def show(console: Console, received: Received) -> None:
    """One suggestion in full, with the words addressed to each side."""
    from crosstie import instants

    change = received.change
    crossing = "across sectors" if change.cross_sector else "within a sector"
    at = instants.to_datetime(received.time).isoformat(sep=" ", timespec="seconds")
    console.print(
        f"[bold]{change.state}[/] {change.kind} {crossing}  "
        f"[dim]{change.suggestion} seq {change.seq}, round {change.round}, {at}[/]",
        highlight=False,
        soft_wrap=True,
    )
    for shown in change.members:
        name = "(erased)" if shown.person is None else f"{shown.person.authority}/{shown.person.id}"
        level = None if shown.level is None else f"level {shown.level}"
        about = ", ".join(
            each for each in (shown.role, shown.sector, shown.organisation, level) if each
        )
        known = f" ({about})" if about else ""
        console.print(
            f"  {name}{known}, sees the other {shown.direction}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for line in shown.explanation:
            console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
