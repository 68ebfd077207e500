"""A recorded network in a folder: members.csv, events.csv (or events.csv.gz) and meta.json."""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosstie.errors import Misconfigured

_EVENT = ("ts", "source_id", "target_id", "kind", "value")


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of events.csv, between members by index."""

    ts: str
    source: int
    target: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """Members are rows of members.csv, "" where nothing is known."""

    name: str
    members: Sequence[Mapping[str, str]]
    events: Sequence[Happened]
    meta: Mapping[str, Any]

    def column(self, *names: str) -> list[str]:
        """Per member the first of these columns that the file has; "" without any."""
        name = next((each for each in names if self.members and each in self.members[0]), None)
        return ["" if name is None else row[name] or "" for row in self.members]


def read(folder: Path) -> Dataset:
    """The network in `folder`. Raises Misconfigured, saying what is missing."""
    rows = _rows(folder, "members.csv", ("member_id",))
    index = {row["member_id"]: i for i, row in enumerate(rows)}
    events = []
    for number, row in enumerate(_rows(folder, "events.csv", _EVENT[:4]), 2):
        if row["source_id"] not in index or row["target_id"] not in index:
            raise Misconfigured(
                f"line {number} of {folder}/events.csv is between {row['source_id']} and "
                f"{row['target_id']}, but members.csv lacks one of them"
            )
        ends = index[row["source_id"]], index[row["target_id"]]
        events.append(Happened(row["ts"], *ends, row["kind"], row.get("value") or ""))
    about = folder / "meta.json"
    meta = json.loads(about.read_text(encoding="utf-8")) if about.exists() else {}
    return Dataset(folder.resolve().name, rows, events, meta)


def numbers(values: Sequence[str]) -> list[float] | None:
    """The values as numbers, None where one of them is none."""
    try:
        return [float(value) for value in values]
    except ValueError:
        return None


def number(value: str) -> float:
    """As a number, nan where it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def _rows(folder: Path, name: str, columns: Sequence[str]) -> list[dict[str, str]]:
    plain, packed = folder / name, folder / f"{name}.gz"
    if not plain.exists() and not packed.exists():
        raise Misconfigured(f"no {name} in {folder}: see docs/evaluate.md for what a set holds")
    with (
        plain.open(newline="", encoding="utf-8")
        if plain.exists()
        else gzip.open(packed, "rt", newline="", encoding="utf-8") as file
    ):
        reader = csv.DictReader(file)
        lacking = [each for each in columns if each not in (reader.fieldnames or ())]
        if lacking:
            raise Misconfigured(f"{folder}/{name} lacks the column {', '.join(lacking)}")
        return list(reader)
