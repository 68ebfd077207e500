"""`crosstie chaos`: faults on a whole system under load, and what an auditor finds afterwards."""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosstie.cli.shared import INTERRUPTED
from crosstie.cli.stages import Tell
from crosstie.cli.trial import report

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Mapping

FEWEST_FAULTS = 10
TABLE = "chaos.json"


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
    as_json: Annotated[
        bool,
        typer.Option("--json", help="The report, or with --seeds the table, as one JSON object."),
    ] = False,
    seeds: Annotated[int, typer.Option(min=1, help="How many, from --seed on; see --table.")] = 1,
    at_once: Annotated[
        int, typer.Option(min=1, help="So many of them; each wants a core and 4 GiB.")
    ] = 1,
    table: Annotated[
        Path | None,
        typer.Option(help="JSON file that keeps every run; seeds that passed are not run again."),
    ] = None,
) -> None:
    """Kill, freeze, cut off and poison a whole system under load; then audit it from the outside.

    Three Kafka brokers (replication 3, two of them must have a record), PostgreSQL, and several
    workers of each service start here, behind proxies. A seed draws the same events and the same
    faults again. Filling a disk takes the right to mount: without it those faults are left out,
    and named. Exit code 1 when anything acknowledged is lost or doubled, a book differs, or a
    service was stuck.
    """
    from crosstie.chaos.run import new_seed, run
    from crosstie.chaos.table import played

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers go away: that is the point
    drawn = new_seed() if seed is None else seed
    many = max(FEWEST_FAULTS, events // 2_000) if faults is None else faults
    if seeds > 1 or table is not None:
        asked = range(drawn, drawn + seeds)
        kept = table or Path(TABLE)
        _several(kept, played(asked, events, many, workers, kept, at_once), as_json=as_json)
        return

    def play(tell: Tell) -> Coroutine[Any, Any, dict[str, Any]]:
        def told(what: str) -> None:
            tell(f"seed {drawn}: {what}")

        return run(drawn, events, many, workers, os.environ, told)

    report(play, f"seed {drawn}", _lines, as_json=as_json)


def _several(table: Path, runs: Generator[Mapping[str, Any]], *, as_json: bool) -> None:
    from crosstie.chaos.table import Unfinished, read, totals

    def tell(lines: list[str]) -> None:
        print("\n".join(lines), file=sys.stderr if as_json else sys.stdout, flush=True)

    stopped = False
    try:
        with closing(runs):
            for found in runs:
                tell(_lines(found))
    except Unfinished as left:
        stopped = True
        for found in left.ended:
            tell(_lines(found))
        tell([f"seed {seed}: not finished, and not in the table" for seed in left.running])
        if left.waiting:
            tell([f"never begun: {', '.join(map(str, left.waiting))}"])
    kept = read(table)
    whole = totals(kept)
    if as_json:
        print(json.dumps({"totals": whole, "runs": kept}))
    else:
        print(f"{table}: " + ", ".join(f"{name} {value}" for name, value in whole.items()))
    if stopped:
        raise typer.Exit(INTERRUPTED)
    if whole["failed"]:
        raise typer.Exit(1)


def _lines(found: Mapping[str, Any]) -> list[str]:
    if "error" in found:
        return [f"seed {found['seed']}: FAILED", found["error"]]
    books = [f"  - {book['name']}: {'; '.join(book['differences'])}" for book in _wrong(found)]
    faults = ", ".join(f"{name} ({n})" for name, n in found["faults"].items())
    return [
        f"seed {found['seed']}: {'passed' if found['passed'] else 'FAILED'}",
        f"{found['events']} events, {found['acknowledged']} acknowledged",
        f"{found['dead_letters']} dead letters, {found['lost']} lost, {found['doubled']} doubled",
        f"{found['faults_done']} faults: {faults}",
        *(f"  - not possible here: {each}" for each in found["impossible"]),
        f"{found['suggestions_heard']} suggestions heard; {found['restarts']} restarts",
        *(f"  - stuck: {each}" for each in found["stuck"]),
        *books,
    ]


def _wrong(found: Mapping[str, Any]) -> list[Any]:
    return [book for book in found["books"]["books"] if not book["ok"]]
