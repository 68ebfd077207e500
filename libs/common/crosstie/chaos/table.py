"""Many seeds, each in a process of its own, and a table of what came out.

The table is a JSON file, written anew after every seed: a run that is stopped goes on where it was.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from crosstie.chaos.run import digest
from crosstie.errors import Misconfigured

Report = Mapping[str, Any]
_SUMMED = ("events", "acknowledged", "faults_done", "lost", "doubled", "restarts")
_KEPT = ("seed", "events", "faults", "workers")  # what makes a run the same again


def read(path: Path) -> list[Report]:
    """The runs of a table, none where there is no file. Raises Misconfigured for another file."""
    if not path.exists():
        return []
    try:
        return [*json.loads(path.read_text())["runs"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"{path} is no table of runs ({type(error).__name__}); name another file"
        ) from error


def write(path: Path, runs: Sequence[Report]) -> None:
    """The table with its totals, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"totals": totals(runs), "runs": runs}, indent=1) + "\n")
    fresh.replace(path)


def totals(runs: Sequence[Report]) -> dict[str, Any]:
    """Sums over all runs, and the seeds that did not pass."""
    summed = {name: sum(each.get(name, 0) for each in runs) for name in _SUMMED}
    failed = [each["seed"] for each in runs if not each["passed"]]
    stuck = sum(len(each.get("stuck", ())) for each in runs)
    return {"seeds": len(runs), **summed, "stuck": stuck, "failed": failed}


def played(
    seeds: Iterable[int], events: int, faults: int, workers: int, path: Path, at_once: int = 1
) -> Iterator[Report]:
    """Run every seed that the table has not passed yet as it is drawn now; yields each as it ends.

    `at_once` of them run beside each other. Whoever stops listening waits for those that run.
    """
    runs = read(path)
    asked = [dict(zip(_KEPT, (seed, events, faults, workers), strict=True)) for seed in seeds]
    with _pool(at_once) as pool:
        waiting = {
            pool.submit(_ran, each): (each, drawn)
            for each, drawn in ((each, digest(**each)) for each in asked)
            if not any(_passed(run, each, drawn) for run in runs)
        }
        for ended in as_completed(waiting):
            mine, drawn = waiting[ended]
            report = {**ended.result(), "asked": mine, "drawn": drawn}
            runs = [*(each for each in runs if each.get("asked") != mine), report]
            write(path, sorted(runs, key=lambda each: int(each["seed"])))
            yield report


@contextmanager
def _pool(size: int) -> Iterator[ThreadPoolExecutor]:
    """Threads; what none of them began is left out once we are done."""
    pool = ThreadPoolExecutor(size)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _passed(run: Report, asked: Mapping[str, int], drawn: str) -> bool:
    """A schedule that is drawn otherwise since is another run, whatever its seed is called."""
    return bool(run["passed"]) and run.get("asked") == asked and run.get("drawn") == drawn


def _ran(asked: Mapping[str, int]) -> dict[str, Any]:
    """One seed; a run that did not come to a report is a failure, and its end is kept."""
    options = [f"--{name}={value}" for name, value in asked.items()]
    command = [sys.executable, "-m", "crosstie.cli", "chaos", "--json", *options]
    # Ctrl-C interrupts it as well, and it takes its brokers down in order
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    with suppress(ValueError):
        report: dict[str, Any] = json.loads(run.stdout)
        if not report["passed"]:
            print(run.stderr[-2_000:], end="", file=sys.stderr)
        return report
    why = f"exit code {run.returncode} and no report\n{run.stderr[-2_000:]}"
    return {"seed": asked["seed"], "passed": False, "error": why}
