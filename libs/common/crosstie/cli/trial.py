"""A trial of the whole system: what it does is told meanwhile, what came of it at the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import typer
from rich.console import Console

from crosstie.cli.shared import INTERRUPTED, restarts_told, run_until_stopped
from crosstie.cli.stages import Tell, stages

Found = Mapping[str, Any]


def report(
    play: Callable[[Tell], Coroutine[Any, Any, Found]],
    name: str,
    lines: Callable[[Found], list[str]],
    *,
    as_json: bool,
) -> None:
    """Play it and print its report; exit code 1 where it did not pass, 130 where it was interrupted."""
    found: dict[str, Any] = {}
    console = Console(stderr=True)

    async def work() -> None:
        with restarts_told(console), stages(console, name) as tell:
            found.update(await play(tell))

    try:
        finished = run_until_stopped(work())
    except* asyncio.CancelledError:
        finished = False
    if not finished:
        raise typer.Exit(INTERRUPTED)
    print(json.dumps(found) if as_json else "\n".join(lines(found)))
    if not found["passed"]:
        raise typer.Exit(1)
