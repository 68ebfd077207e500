"""Assignments beside other solvers': worth, time, rules broken. Each solver in a process of its own.

Times are of the processor, without imports and without making the problem up; the best of several.
A solver that is not installed is left out, and why is told.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

from benchmarks.problems import PROBLEMS, Problem
from benchmarks.solvers import SOLVERS

_LONG_SECONDS = 10.0  # once is enough
SIZES = {"mentors": 500, "candidates": 100_000, "introductions": 5_000}
REFERENCE = {"mentors": "scipy", "candidates": "ortools min-cost flow", "introductions": "highs"}


def solve(name: str, solver: str, size: int, repeats: int) -> dict[str, Any]:
    """One solver's figures, in this process."""
    work = SOLVERS[name][solver]
    try:
        work(PROBLEMS[name](40))  # imports and compiles
    except ImportError as missing:
        return {"left_out": str(missing)}
    problem, seconds = PROBLEMS[name](size), list[float]()
    while True:
        begun = time.process_time()
        chosen = work(problem)
        seconds.append(time.process_time() - begun)
        if len(seconds) == repeats or seconds[0] > _LONG_SECONDS:
            break
    figures = {
        "pairs": int(np.count_nonzero(chosen)),
        "value": problem.value(chosen),
        "seconds": round(min(seconds), 4),
        "rules_broken": problem.wrong(chosen),
    }
    if name == "introductions" and solver == "crosstie":
        figures["gap_millionths"] = _gap(problem)
    return figures


def _gap(problem: Problem) -> int:
    """What the round would record: how far from the certified bound, at most."""
    from crosstie.matching import assignment  # noqa: PLC0415  not beside highspy

    chosen, bound = assignment.introductions(
        problem.one, problem.other, problem.worth, problem.slots
    )
    return (bound - problem.value(chosen)) * 1_000_000 // bound


def measured(name: str, size: int, repeats: int = 3) -> dict[str, Any]:
    """Every solver's figures of one problem, and ours over the reference's."""
    found: dict[str, Any] = {"size": size, "solvers": {}}
    for solver in SOLVERS[name]:
        command = [sys.executable, "-m", "benchmarks.assignments", "--solve", name, solver]
        command += ["--size", str(size), "--repeats", str(repeats)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        found["solvers"][solver] = json.loads(done.stdout)
    ours, theirs = (found["solvers"][each] for each in ("crosstie", REFERENCE[name]))
    if "value" in theirs:
        found["over"] = {
            "reference": REFERENCE[name],
            "value": round(ours["value"] / theirs["value"], 6),
            "seconds": round(ours["seconds"] / theirs["seconds"], 4),
        }
    return found


def main() -> None:
    """Measure, and tell in JSON."""
    parser = argparse.ArgumentParser("benchmarks.assignments", description=__doc__)
    parser.add_argument("--only", choices=sorted(PROBLEMS), nargs="+", default=list(PROBLEMS))
    parser.add_argument("--size", type=int, help="of the problem; by default what is asked for")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--solve", nargs=2, metavar=("PROBLEM", "SOLVER"), help="in this process")
    chosen = parser.parse_args()
    if chosen.solve:
        name, solver = chosen.solve
        print(json.dumps(solve(name, solver, chosen.size or SIZES[name], chosen.repeats)))
        return
    sizes = {name: chosen.size or SIZES[name] for name in chosen.only}
    found = {name: measured(name, size, chosen.repeats) for name, size in sizes.items()}
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
