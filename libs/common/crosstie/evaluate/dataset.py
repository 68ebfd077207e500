"""A recorded network in a folder: members.csv, events.csv (or either packed) and meta.json."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from crosstie.errors import Misconfigured, shown
from crosstie.evaluate import tables


class Meta(Struct, frozen=True):
    """What meta.json says that matters here; all of it may be left out."""

    ts_type: str | None = None
    split: str | None = None
    tie_kinds: tuple[str, ...] | None = None
    min_value: float | None = None
    directed: bool | None = None
    candidate_kind: str | None = None
    bipartite: bool | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of events.csv, between members by index."""

    line: int
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
    meta: Meta

    def column(self, *names: str) -> list[str]:
        """Per member the first of these columns that the file has; "" without any."""
        name = next((each for each in names if self.members and each in self.members[0]), None)
        return ["" if name is None else row[name] for row in self.members]


def read(folder: Path) -> Dataset:
    """The network in `folder`. Raises Misconfigured, saying what is missing or wrong, and where."""
    about = folder / "meta.json"
    meta = _meta(about) if about.exists() else Meta()
    members = _members(_file(folder, "members.csv"))
    index = {row["member_id"]: i for i, row in enumerate(members)}
    events = _events(_file(folder, "events.csv"), index, meta)
    return Dataset(folder.resolve().name, members, events, meta)


def number(value: str) -> float:
    """As a number, nan where it is none."""
    try:
        return float(value)
    except ValueError:
        return math.nan


def _file(folder: Path, name: str) -> Path:
    found = next((each for each in (folder / name, folder / f"{name}.gz") if each.exists()), None)
    if found is None:
        why = f"no {name} in {folder}" if folder.is_dir() else f"{folder} is no folder"
        raise Misconfigured(f"{why}: see docs/evaluate.md for what a set holds")
    return found


def _meta(path: Path) -> Meta:
    try:
        return msgspec.convert(json.loads(tables.text(path)), Meta)
    except (ValueError, msgspec.ValidationError) as error:
        raise Misconfigured(f"{path}: {error}; see docs/evaluate.md for what it may say") from error


def _members(path: Path) -> list[dict[str, str]]:
    first: dict[str, int] = {}
    rows = []
    for line, row in tables.lines(path, ("member_id",)):
        who = row["member_id"]
        if not who:
            raise Misconfigured(f"line {line} of {path} has no member_id; name or drop the member")
        if who in first:
            raise Misconfigured(
                f"line {line} of {path} is about member {shown(who)}, as line {first[who]} is; "
                "everybody must have one line"
            )
        first[who] = line
        rows.append(row)
    return rows


def _events(path: Path, index: Mapping[str, int], meta: Meta) -> list[Happened]:
    kind = ("kind",) if meta.tie_kinds or meta.candidate_kind else ()
    events = []
    for line, row in tables.lines(path, ("source_id", "target_id", *kind)):
        ends = row["source_id"], row["target_id"]
        unknown = next((each for each in ends if each not in index), None)
        if unknown is not None:
            raise Misconfigured(
                f"line {line} of {path} is between {shown(ends[0])} and {shown(ends[1])}, but "
                f"members.csv lacks {shown(unknown)}; add the member or drop the event"
            )
        one, other = (index[each] for each in ends)
        told = (row.get(name, "") for name in ("kind", "value"))
        events.append(Happened(line, row.get("ts", ""), one, other, *told))
    return events
