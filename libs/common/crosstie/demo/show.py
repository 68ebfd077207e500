"""The report as a person reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


def show(console: Console, told: dict[str, Any], book_lines: Iterable[str]) -> None:
    """Everything but the rejections and scores, which `--json` has."""
    console.print(told["says"], style="dim", soft_wrap=True)
    console.print()
    console.print(_figures(told))
    console.print()
    for number, each in enumerate(told["examples"], 1):
        _suggestion(console, number, each)
    console.rule("books", align="left")
    for line in book_lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _figures(told: dict[str, Any]) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    latency, answers = told["latency_ms"], told["answers"]
    rows = (
        ("events sent", f"{told['events_sent']:,}"),
        ("logged", f"{told['events_logged']:,} ({told['log_repeats']} repeats passed over)"),
        ("refused", f"{told['rejected']} (each with its reason: --json)"),
        ("lost, doubled", f"{told['lost']}, {told['doubled']}"),
        ("rounds", f"{told['rounds']}"),
        ("log → suggestion", f"p50 {latency['p50']} ms, p99 {latency['p99']} ms"),
        ("", f"({latency['means']})"),
        ("suggestions", f"{told['suggestions']}: {_counts(told['by_kind'])}"),
        ("direction", f"{_counts(told['by_direction'])} ({told['by_direction_means']})"),
        ("across sectors", f"{told['cross_sector_share']:.0%}"),
        ("answers", f"{_counts(answers)} (invented)"),
        ("acceptance", f"{told['acceptance']:.0%}; by both sides {told['accepted_by_both']}"),
        ("seconds", _counts(told["seconds"])),
    )
    for name, value in rows:
        table.add_row(f"[bold]{name}[/]", value)
    return table


def _suggestion(console: Console, number: int, change: dict[str, Any]) -> None:
    crossing = "across sectors" if change["cross_sector"] else "within a sector"
    console.print(f"[bold]{number}. {change['kind']}[/] {crossing}", highlight=False)
    for side in change["members"]:
        person = side["person"] or {"authority": "", "id": "(erased)"}
        level = None if side["level"] is None else f"level {side['level']}"
        about = ", ".join(each for each in (side["role"], side["sector"], level) if each)
        line = f"   to {person['id']} ({about}), looking {side['direction']}:"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        for words in side["explanation"]:
            console.print(f"      {words}", markup=False, highlight=False, soft_wrap=True)
    console.print()


def _counts(counted: dict[str, Any]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counted.items()) or "none"
