"""Every benchmark in one run, as JSON: absolute figures, and the ratios that carry over to others."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import assignments, rounds

PARTS = ("rounds", "assignments", "recall", "delivery", "door", "inbox", "previews", "latency")


def apart(part: str, *arguments: str) -> Any:
    """A benchmark in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{part}", *arguments]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def ratios(sizes: list[dict[str, Any]]) -> dict[str, float]:
    """Cost per member from the least size to the greatest, and a small round's share of a full one."""
    first, last = sizes[0], sizes[-1]
    each = "full_round_us_per_member"
    whole = last["read_seconds"] + last["full_round_seconds"]
    return {
        "cost_per_member_growth": round(last[each] / first[each], 2),
        "one_changed_to_full": round(last["after_1_changed"]["warm_seconds"] / whole, 4),
        "warm_to_cold": round(
            last["after_1_changed"]["warm_seconds"] / last["after_1_changed"]["cold_seconds"], 4
        ),
    }


def main() -> None:
    """Run what is asked for; everything by default."""
    parser = argparse.ArgumentParser("benchmarks", description=__doc__)
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--keep", type=Path, help="write the result to this file too")
    chosen = parser.parse_args()
    result: dict[str, Any] = {
        "command": " ".join(("python", "-m", "benchmarks", *sys.argv[1:])),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load_before": [round(each, 1) for each in os.getloadavg()],
    }
    if "rounds" in chosen.only:
        result["rounds"] = [rounds.measured(each) for each in chosen.sizes]
        result["ratios"] = ratios(result["rounds"])
    if "assignments" in chosen.only:
        result["assignments"] = {
            name: assignments.measured(name, size) for name, size in assignments.SIZES.items()
        }
    if "recall" in chosen.only:
        result["recall"] = apart("recall")
    if "delivery" in chosen.only:  # on the stack of the environment, or an embedded one
        result["delivery"] = apart("delivery", "--events", str(chosen.events))
    for part in ("door", "inbox"):
        if part in chosen.only:
            result[part] = apart(part)
    for part in ("previews", "latency"):
        if part in chosen.only:
            result[part] = apart(part, "--members", str(max(chosen.sizes)))
    text = json.dumps(result, indent=2)
    print(text)
    if chosen.keep:
        chosen.keep.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
