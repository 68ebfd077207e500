"""`crosstie watch`: suggestions as they come, as the platform sees them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from crosstie.cli.shared import brokers_at, platform_topic, run_until_stopped
from crosstie.cli.topics import Bootstrap, Prefix

if TYPE_CHECKING:
    from crosstie.client.outcome import Received


def register(app: typer.Typer) -> None:
    app.command("watch")(watch)


def watch(
    platform: Annotated[str, typer.Argument(help="Whose suggestions.")],
    bootstrap: Bootstrap = "",
    prefix: Prefix = "crosstie.",
    from_beginning: Annotated[
        bool, typer.Option(help="Show the last 30 days first, not only what comes from now on.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(help="Stop after so many; otherwise at Ctrl-C.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what becomes of a platform's suggestions, as it happens.

    Reads `suggestions.v1.PLATFORM` and moves nobody's offsets.
    """
    run_until_stopped(_watch(platform, bootstrap, prefix, from_beginning, limit, as_json))


async def _watch(
    platform: str,
    bootstrap: str,
    prefix: str,
    from_beginning: bool,
    limit: int | None,
    as_json: bool,
) -> None:
    from crosstie.client.outcome import suggestions
    from crosstie.topics import Topics

    topic = Topics(prefix).suggestions(platform).name
    brokers = brokers_at(bootstrap)
    await platform_topic(brokers, platform, topic)
    console = Console()
    async with suggestions(brokers, topic, from_beginning=from_beginning) as reader:
        Console(stderr=True).print(f"watching {topic}", highlight=False)
        seen = 0
        async for received in reader.follow():
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
        console.print(
            f"  {name} ({about}), sees the other {shown.direction}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        for line in shown.explanation:
            console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
