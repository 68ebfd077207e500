"""Many seeds, each in a process of its own, and a table of what came out.

The table is a JSON file, written anew after every seed: a run that is stopped goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from crosstie.chaos.run import digest
from crosstie.chaos.seeds import INTERRUPTED, Seeds
from crosstie.errors import Misconfigured, Stop

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


class Unfinished(Stop):
    """Somebody stopped it: `ended` came to reports meanwhile, `running` did not, the rest never began."""

    def __init__(
        self, ended: Sequence[Report], running: Sequence[int], waiting: Sequence[int]
    ) -> None:
        super().__init__(f"not finished: {[*running, *waiting]}")
        self.ended, self.running, self.waiting = ended, running, waiting


def played(
    seeds: Iterable[int], events: int, faults: int, workers: int, path: Path, at_once: int = 1
) -> Generator[Report]:
    """Run every seed that the table has not passed yet as it is drawn now; yields each as it ends.

    `at_once` of them run beside each other. At Ctrl-C, or when nobody listens any more, those that run
    are asked to stop, and waited for; what came to a report is in the table. Raises Unfinished then.
    """
    runs = read(path)
    asked = [dict(zip(_KEPT, (seed, events, faults, workers), strict=True)) for seed in seeds]
    processes, pool = Seeds(), ThreadPoolExecutor(at_once)

    def kept(ended: Future[dict[str, Any]]) -> Report:
        nonlocal runs
        mine, drawn = waiting[ended]
        report = {**ended.result(), "asked": mine, "drawn": drawn}
        runs = [*(each for each in runs if each.get("asked") != mine), report]
        write(path, sorted(runs, key=lambda each: int(each["seed"])))
        del waiting[ended]  # now, so that nothing comes between that loses it
        return report

    waiting = {
        pool.submit(_ran, processes, each): (each, drawn)
        for each, drawn in ((each, digest(**each)) for each in asked)
        if not any(_passed(run, each, drawn) for run in runs)
    }
    try:
        for ended in as_completed([*waiting]):
            yield kept(ended)
    except (KeyboardInterrupt, GeneratorExit):
        pool.shutdown(wait=False, cancel_futures=True)
        processes.stop()
        pool.shutdown()
        begun = [each for each in waiting if not each.cancelled()]
        late = [kept(each) for each in begun if each.result().get("error") != INTERRUPTED]
        left = {each: mine["seed"] for each, (mine, _) in waiting.items()}
        raise Unfinished(
            late,
            [seed for each, seed in left.items() if not each.cancelled()],
            [seed for each, seed in left.items() if each.cancelled()],
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _ran(processes: Seeds, asked: Mapping[str, int]) -> dict[str, Any]:
    return processes.ran(asked)


def _passed(run: Report, asked: Mapping[str, int], drawn: str) -> bool:
    """A schedule that is drawn otherwise since is another run, whatever its seed is called."""
    return bool(run["passed"]) and run.get("asked") == asked and run.get("drawn") == drawn
