"""Sets of answers, and the figures that the task finds for them."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from crosstie.evaluate.answers_task import Answered
from crosstie.evaluate.calibration import (
    Calibrated,
)
from crosstie.matching import policy

POLICY = policy.load(policy.DEFAULT)
Event = tuple[object, str, str, str]


def written(folder: Path, size: int, events: Sequence[Event], **columns: str) -> Path:
    """m0 to m<size - 1>; a column is a format of the member's number modulo 3."""
    with (folder / "members.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("member_id", *columns))
        rows.writerows(
            (f"m{n}", *(each.format(1 + n % 3) for each in columns.values())) for n in range(size)
        )
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("ts", "source_id", "target_id", "kind"), *events])
    return folder


def answers(count: int, *, size: int = 20, say: Callable[[int], bool] | None = None) -> list[Event]:
    """Per day a contact, a suggestion of two others, and what both say to it a little later."""
    told: list[Event] = []
    for n in range(count // 2):
        a, b = f"m{n % size}", f"m{(n * 7 + 3 + n // size) % size}"
        if a == b:
            b = f"m{(n + 1) % size}"
        first, second = [(say or _taste)(each) for each in (2 * n, 2 * n + 1)]
        told += [
            (n, f"m{(n * 3) % size}", f"m{(n * 3 + 1) % size}", "met"),
            (n + 0.1, a, b, "suggested"),
            (n + 0.2, a, b, "accepted" if first else "declined"),
            (n + 0.3, b, a, "accepted" if second else "declined"),
        ]
    return told


def _taste(n: int) -> bool:
    return (n * 37 % 11) < 6


def figures(found: Answered, method: str, what: str) -> Calibrated:
    measured = found.methods[method][what]
    assert isinstance(measured, Calibrated)
    return measured


def log_loss_of(found: Answered, method: str, what: str) -> float:
    return figures(found, method, what).log_loss or math.inf
