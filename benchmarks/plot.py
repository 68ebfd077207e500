"""Draws what was kept: cost per member over size, and a small round's cost beside a full one's.

python -m benchmarks.plot benchmarks/rounds.json benchmarks/rounds.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "crosstie"  # the same figures give the same bytes


def rounds(figures: list[dict[str, Any]], target: Path) -> None:
    """One picture of two axes, as SVG."""
    members = [each["members"] for each in figures]
    drawn, (cost, time) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    cost.plot(members, [each["full_round_us_per_member"] for each in figures], marker="o")
    cost.set(xscale="log", xlabel="members", ylabel="µs per member", ylim=(0, None))
    cost.set_title("a full round, reading included")
    whole = [each["read_seconds"] + each["full_round_seconds"] for each in figures]
    time.plot(members, whole, marker="o", label="everyone")
    for key, label in (("after_1000_changed", "1,000 changed"), ("after_1_changed", "1 changed")):
        known = [(each["members"], each[key]["warm_seconds"]) for each in figures if key in each]
        time.plot(*zip(*known, strict=True), marker="o", label=label)
    time.set(xscale="log", yscale="log", xlabel="members", ylabel="seconds")
    time.set_title("a round for")
    time.legend()
    drawn.savefig(target, metadata={"Date": None})


def main() -> None:
    """Draw one file of figures."""
    parser = argparse.ArgumentParser("benchmarks.plot", description=__doc__)
    parser.add_argument("figures", type=Path)
    parser.add_argument("picture", type=Path)
    chosen = parser.parse_args()
    rounds(json.loads(chosen.figures.read_text("utf-8"))["rounds"], chosen.picture)


if __name__ == "__main__":
    main()
