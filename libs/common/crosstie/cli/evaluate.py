"""`crosstie evaluate`: how well new ties, or answers, are foreseen on recorded networks, beside others."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from crosstie.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from msgspec import Struct
    from rich.table import Table

    from crosstie.evaluate.answers_task import Answered
    from crosstie.evaluate.ranking import Compared


Set = TypeVar("Set", bound="Struct")  # what a task finds of one


class Task(StrEnum):
    TIES = "ties"
    ANSWERS = "answers"


def register(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)


def evaluate(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="Folders with members.csv, events.csv and meta.json."
        ),
    ],
    task: Annotated[
        Task,
        typer.Option(
            help="ties: who is about to meet; answers: who accepts whom, of events that are "
            "suggested, accepted or declined."
        ),
    ] = Task.TIES,
    k: Annotated[
        int, typer.Option("--k", min=1, help="How many are suggested to each; of ties.")
    ] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per set, one a line.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of static splits and factor models.")] = 0,
    train: Annotated[
        float, typer.Option(min=0.1, max=0.9, help="Share of contacts, or answers, that train.")
    ] = 0.7,
) -> None:
    """Rank the ties that were about to form, and compare with six baselines.

    Everyone who made a new tie is asked for; all without a tie to them so far are candidates.

    With --task answers: foretell who accepts whom, and whether both do, by what the matcher learned
    of the earlier answers; compared with its rules alone and with three baselines.

    Exit code 1 where a folder holds no set that can be measured; the others are measured all the same.
    """
    tried = _answers if task is Task.ANSWERS else partial(_ties, k=k)
    if not tried(folders, train=train, seed=seed, as_json=as_json):
        raise typer.Exit(1)


def _ties(folders: list[Path], *, k: int, train: float, seed: int, as_json: bool) -> bool:
    """Whether all could be measured."""
    from crosstie.evaluate.ranking import NOTES, compare

    sets = _measured(folders, partial(compare, k=k, train=train, seed=seed), as_json=as_json)
    if sets and not as_json:
        _print(table(sets), [*summary(sets), *(f"{name}: {each}" for name, each in NOTES.items())])
    return len(sets) == len(folders)


def _answers(folders: list[Path], *, train: float, seed: int, as_json: bool) -> bool:
    """Whether all could be measured."""
    from crosstie.evaluate.answers_task import NOTES, compare

    sets = _measured(folders, partial(compare, train=train, seed=seed), as_json=as_json)
    if sets and not as_json:
        _print(answers_table(sets), [f"{name}: {each}" for name, each in NOTES.items()])
    return len(sets) == len(folders)


def _measured(folders: list[Path], compare: Callable[[Path], Set], *, as_json: bool) -> list[Set]:
    """The sets that can be measured; of each what is wrong with it, or as JSON what came, at once."""
    import msgspec

    sets = []
    for folder in folders:
        try:
            sets.append(compare(folder))
        except Misconfigured as wrong:
            print(f"error: {wrong}", file=sys.stderr, flush=True)
            continue
        if as_json:
            print(json.dumps(msgspec.to_builtins(sets[-1])), flush=True)
    return sets


def _print(table: Table, lines: list[str]) -> None:
    from rich.console import Console

    console = Console(width=None if Console().is_terminal else 110)
    console.print(table)
    for line in lines:
        console.print(line, style="dim", highlight=False, markup=False)


def table(sets: Sequence[Compared]) -> Table:
    """A block of rows per set: ours, the baselines, and ours over the best of them."""
    from rich.markup import escape
    from rich.table import Table

    from crosstie.evaluate.baselines import IN_WORDS
    from crosstie.evaluate.ranking import DIRECTIONS, OURS

    out = Table(title=f"recall@{sets[0].k}  precision@{sets[0].k}  AUC", title_justify="left")
    out.add_column("set, method")
    for name in ("all new ties", "across sectors", "upward"):
        out.add_column(name, justify="right")
    for each in sets:
        out.add_row(f"[bold]{escape(each.dataset)}[/] ({each.split} split)")
        out.add_row(f"  {each.members} members, {each.new_ties} new ties")
        for name, method in each.methods.items():
            style = "bold" if name == OURS else None
            cells = [_cell(method.get(direction)) for direction in DIRECTIONS]
            if "error" in method:
                cells = [str(method["error"]), "", ""]
            out.add_row(f"  {IN_WORDS.get(name, name)}", *cells, style=style)
        ratios = [each.ratio(direction) for direction in DIRECTIONS]
        cells = ["" if value is None else f"{value:.2f}" for value in ratios]
        out.add_row("  recall, ours / best baseline", *cells, style="green", end_section=True)
    return out


def answers_table(sets: Sequence[Answered]) -> Table:
    """A block of rows per set: ours, the rules alone, the baselines."""
    from rich.markup import escape
    from rich.table import Table

    from crosstie.evaluate.answers_task import IN_WORDS, OURS
    from crosstie.evaluate.calibration import Calibrated

    out = Table(title="AUC  log loss  calibration error", title_justify="left")
    out.add_column("set, method")
    for name in ("one accepts", "both accept"):
        out.add_column(name, justify="right")
    for each in sets:
        bare = each.without_suggestion
        out.add_row(
            f"[bold]{escape(each.dataset)}[/] ({each.members} members, {each.answers} answers)"
        )
        out.add_row(f"  {each.training} train, {each.testing} are foretold, {each.pairs} pairs")
        if bare:
            out.add_row(f"  {bare} answers no suggestion preceded")
        for name, method in each.methods.items():
            style = "bold" if name == OURS else None
            figures = [method.get(what) for what in ("accepts", "both")]
            cells = [
                _figures(found.auc, found.log_loss, found.ece)
                for found in figures
                if isinstance(found, Calibrated)
            ]
            if "error" in method:
                cells = [str(method["error"]), ""]
            out.add_row(f"  {IN_WORDS.get(name, name)}", *cells, style=style)
        out.add_section()
    return out


def summary(sets: Sequence[Compared]) -> list[str]:
    """The means over sets of ours / the best baseline."""
    from crosstie.evaluate.ranking import means

    return [
        f"mean {figure}, ours / best baseline of each set: "
        + ", ".join(f"{name} {value:.3f}" for name, value in means(sets, figure).items())
        for figure in ("recall", "precision", "auc")
    ]


def _cell(measured: object) -> str:
    from crosstie.evaluate.measure import Measured

    if not isinstance(measured, Measured):
        return ""
    return _figures(measured.recall, measured.precision, measured.auc)


def _figures(*figures: float | None) -> str:
    return "  ".join("-" if value is None else f"{value:.3f}" for value in figures)
