"""`crosstie overload`: more than a worker can carry, and what became of memory, lag, health and HTTP."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosstie.cli.trial import report

if TYPE_CHECKING:
    from collections.abc import Mapping


def register(app: typer.Typer) -> None:
    app.command("overload")(overload)


def overload(
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 300,
    times: Annotated[
        float, typer.Option(min=2, help="How many times what one worker carries, by each door.")
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="The report as one JSON object.")] = False,
) -> None:
    """Send by inbox and HTTP far more than one worker of each service carries; then audit.

    On a Kafka and a PostgreSQL of its own, whatever the environment names: it would fill others with
    people that there are not. What a worker carries is measured first, warm. Afterwards what HTTP shed is
    offered again for as long, and then given up; what is in the inbox drains in about as many times
    longer as was sent too much: ten times for five minutes in three quarters of an hour. Exit code 1
    when less was offered, memory passes its bound, lag does not drain, a health check fails, HTTP does
    not shed with 429, or anything acknowledged is lost or doubled.
    """
    from crosstie.chaos.overload import run

    report(
        lambda tell: run(seconds, times, _alone(os.environ), tell),
        "overload",
        _lines,
        as_json=as_json,
    )


def _alone(environment: Mapping[str, str]) -> dict[str, str]:
    """Without the servers, and the secrets, that somebody uses."""
    return {name: value for name, value in environment.items() if not name.startswith("CROSSTIE_")}


def _lines(found: Mapping[str, Any]) -> list[str]:
    bounds, lag, health = found["memory_bounds_mib"], found["lag"], found["health"]
    memory = (f"{name} {size} of {bounds[name]} MiB" for name, size in found["memory_mib"].items())
    return [
        f"overload: {'passed' if found['passed'] else 'FAILED'}",
        (
            f"one worker carries {_doors(found['carried'])} events/s; {found['times']:g} times that "
            f"for {found['seconds']:g} s offered {_doors(found['offered'])} events, "
            f"{_doors(found['offered_times'])} times in truth"
        ),
        (
            f"{found['acknowledged']} acknowledged; HTTP answered {_doors(found['answers'])}, "
            f"the last after {found['longest_answer_seconds']} s"
        ),
        f"memory at most: {', '.join(memory)}",
        f"lag at most {lag['most']}, drained in {lag['drained_seconds']} s",
        (
            f"{health['asked']} health checks, {health['late']} late, "
            f"{len(health['failed'])} failed, "
            f"the longest {health['longest_seconds']} s; {found['restarts']} restarts"
        ),
        *(f"  - {each}" for each in found["wrong"]),
    ]


def _doors(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name}: {each}" for name, each in figures.items())
