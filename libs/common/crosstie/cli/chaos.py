"""`crosstie chaos`: faults on a whole system under load, and what an auditor finds afterwards."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from crosstie.cli.shared import INTERRUPTED, restarts_told, run_until_stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST_FAULTS = 10


def register(app: typer.Typer) -> None:
    app.command("chaos")(chaos)


def chaos(
    seed: Annotated[
        int | None, typer.Option(help="Of the events and the faults; one is drawn without.")
    ] = None,
    events: Annotated[int, typer.Option(min=100, help="How many are sent.")] = 20_000,
    faults: Annotated[
        int | None,
        typer.Option(min=0, help="How many; without, one for every 2,000 events, and 10 at least."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=4, help="Of each service.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Kill, freeze, cut off and poison a whole system under load; then audit it from the outside.

    Three Kafka brokers (replication 3, two of them must have a record), PostgreSQL, and several
    workers of each service start here, behind proxies. A seed draws the same events and the same
    faults again. Exit code 1 when anything acknowledged is lost or doubled, a book differs, or a
    service was stuck.
    """
    from crosstie.chaos.run import new_seed, run

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers go away: that is the point
    drawn = new_seed() if seed is None else seed
    many = max(FEWEST_FAULTS, events // 2_000) if faults is None else faults
    found: dict[str, Any] = {}
    console = Console(stderr=True)

    async def work() -> None:
        with restarts_told(console), console.status(f"seed {drawn}") as status:

            def tell(what: str) -> None:
                status.update(f"seed {drawn}: {what}")

            found.update(await run(drawn, events, many, workers, os.environ, tell))

    try:
        finished = run_until_stopped(work())
    except* asyncio.CancelledError:
        finished = False
    if not finished:
        raise typer.Exit(INTERRUPTED)
    print(json.dumps(found) if as_json else "\n".join(_lines(found)))
    if not found["passed"]:
        raise typer.Exit(1)


def _lines(found: Mapping[str, Any]) -> list[str]:
    books = [f"  - {book['name']}: {'; '.join(book['differences'])}" for book in _wrong(found)]
    faults = ", ".join(f"{name} ({n})" for name, n in found["faults"].items())
    return [
        f"seed {found['seed']}: {'passed' if found['passed'] else 'FAILED'}",
        f"{found['events']} events, {found['acknowledged']} acknowledged",
        f"{found['dead_letters']} dead letters, {found['lost']} lost, {found['doubled']} doubled",
        f"{found['faults_done']} faults: {faults}",
        f"{found['suggestions_heard']} suggestions heard; {found['restarts']} restarts",
        *(f"  - stuck: {each}" for each in found["stuck"]),
        *books,
    ]


def _wrong(found: Mapping[str, Any]) -> list[Any]:
    return [book for book in found["books"]["books"] if not book["ok"]]
