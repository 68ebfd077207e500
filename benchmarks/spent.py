"""Processor time of processes and of what they started, as Linux tells it; nothing where it does not."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

Spent = dict[str, float]  # seconds of user and system time so far, by name


def spent(processes: Mapping[str, Iterable[int]]) -> Spent:
    """Of each name's processes with their children, those that ended and were waited for included."""
    seconds: dict[int, float] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for each in Path("/proc").glob("[0-9]*"):
        try:
            fields = (each / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        seconds[int(each.name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        children[int(fields[1])].append(int(each.name))

    def family(pid: int) -> float:
        return seconds.get(pid, 0.0) + sum(map(family, children[pid]))

    return {name: sum(map(family, pids)) for name, pids in processes.items()}


def each_100_000(before: Spent, after: Spent, events: int) -> Spent:
    """Seconds spent between two looks for every 100,000 events."""
    share = 100_000 / events
    return {name: round((after[name] - before[name]) * share, 2) for name in after}
