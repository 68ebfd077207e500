"""`crosstie evaluate`: how well new ties are foreseen, on recorded networks, beside six baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from crosstie.evaluate.ranking import Compared


def register(app: typer.Typer) -> None:
    app.command("evaluate")(evaluate)


def evaluate(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...", help="Folders with members.csv, events.csv and meta.json."
        ),
    ],
    k: Annotated[int, typer.Option("--k", min=1, help="How many are suggested to each.")] = 10,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per set, one a line.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of static splits and factor models.")] = 0,
    train: Annotated[
        float, typer.Option(min=0.1, max=0.9, help="Share of contacts that train, by time.")
    ] = 0.7,
) -> None:
    """Rank the ties that were about to form, and compare with six baselines.

    Everyone who made a new tie is asked for; all without a tie to them so far are candidates.
    """
    import msgspec
    from rich.console import Console

    from crosstie.evaluate.ranking import NOTES, compare

    sets = []
    for folder in folders:
        sets.append(compare(folder, k, train=train, seed=seed))
        if as_json:
            print(json.dumps(msgspec.to_builtins(sets[-1])), flush=True)
    if not as_json:
        console = Console(width=None if Console().is_terminal else 110)
        console.print(table(sets))
        for line in (*summary(sets), *(f"{name}: {each}" for name, each in NOTES.items())):
            console.print(line, style="dim", highlight=False)


def table(sets: Sequence[Compared]) -> Table:
    """A block of rows per set: ours, the baselines, and ours over the best of them."""
    from rich.table import Table

    from crosstie.evaluate.baselines import IN_WORDS
    from crosstie.evaluate.ranking import DIRECTIONS, OURS

    out = Table(title=f"recall@{sets[0].k}  precision@{sets[0].k}  AUC", title_justify="left")
    out.add_column("set, method")
    for name in ("all new ties", "across sectors", "upward"):
        out.add_column(name, justify="right")
    for each in sets:
        out.add_row(f"[bold]{each.dataset}[/] ({each.split} split)")
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
    figures = (measured.recall, measured.precision, measured.auc)
    return "  ".join("-" if value is None else f"{value:.3f}" for value in figures)
