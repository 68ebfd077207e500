"""`crosstie up`: the whole system for local development."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from crosstie.cli.shared import INTERRUPTED, given_stack, restarts_told, run_until_stopped
from crosstie.cli.stages import stages

if TYPE_CHECKING:
    from crosstie.runtime.supervisor import System


class ServiceName(StrEnum):
    ingestion = "ingestion"
    profile = "profile"
    matching = "matching"


def register(app: typer.Typer) -> None:
    app.command("up")(up)


def up(
    without: Annotated[
        list[ServiceName] | None,
        typer.Option(help="Leave this service out, to start it yourself; may be repeated."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Keep Kafka, PostgreSQL and the vault key here; otherwise all goes at the end."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Nothing but the JSON line: no progress, no summary.")
    ] = False,
) -> None:
    """Run the whole system here until Ctrl-C: Kafka, PostgreSQL and the three services.

    When everything is ready, one line of JSON goes to stdout: `env` (variables that let any
    service or command use this system), `urls`, `pids` and `logs`. Services that die are started
    again. With CROSSTIE_KAFKA_BOOTSTRAP and CROSSTIE_DATABASE_URL set, those are used instead of
    an own Kafka and PostgreSQL; --data is refused then.
    """
    left_out = {each.value for each in without or ()}
    work = _up(left_out, data, Console(stderr=True, quiet=as_json))
    if not run_until_stopped(work, quietly=as_json):
        raise typer.Exit(INTERRUPTED)


async def _up(left_out: set[str], data: Path | None, console: Console) -> None:
    from crosstie.runtime.supervisor import SERVICES, whole_system

    wanted = [name for name in SERVICES if name not in left_out]
    await given_stack(console, os.environ, data)
    with restarts_told(Console(stderr=True)), contextlib.ExitStack() as starting:
        tell = starting.enter_context(stages(console, "starting"))
        async with whole_system(wanted, data=data, tell=tell) as system:
            starting.close()
            pids = await asyncio.to_thread(system.pids)
            ready = {"env": system.env, "urls": system.urls, "pids": pids, "logs": str(system.logs)}
            print(json.dumps(ready), flush=True)
            summary(console, system, left_out)
            with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is how it ends
                await asyncio.Event().wait()


def summary(console: Console, system: System, left_out: Collection[str] = ()) -> None:
    """For whoever reads along; the line on stdout is for machines."""
    for name, url in system.urls.items():
        console.print(f"{name:<10} {url}  (API at {url}/docs)", highlight=False)
    for name in sorted(left_out):
        console.print(
            f"{name:<10} left out; with the lines below exported, `python -m services.{name}` starts "
            "it and logs its address",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"logs       {system.logs}", highlight=False)
    console.print("\nIn another terminal:", highlight=False)
    addresses = {name.upper(): url for name, url in system.urls.items()}
    for name, value in {**system.env, **addresses}.items():
        console.print(f"  export {name}='{value}'", highlight=False, soft_wrap=True, markup=False)
    console.print("\nCtrl-C ends it.", highlight=False)
