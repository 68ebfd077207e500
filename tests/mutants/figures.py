"""What mutation testing found, by module: kept beside the tests, with the commit it was found at."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.mutants.defect import ROOT

FIGURES = Path(__file__).with_name("figures.json")
COLUMNS = ("killed", "timeouts", "listed", "survived", "untested")

Row = dict[str, int]


def module(mutant: str) -> str:
    """Where a mutant of this name stands."""
    return mutant.rpartition(".")[0]


def whole(every: Collection[str], found: Collection[str]) -> set[str]:
    """Modules of which all mutants are among those `found`: a part of one is no figure."""
    return {module(each) for each in found} - {module(each) for each in {*every} - {*found}}


def table(tallies: Mapping[tuple[str, str | None], int]) -> dict[str, Row]:
    """By module how many mutants came to which end; `listed` live with a reason in survivors.toml."""
    modules = sorted({module for module, _ in tallies})
    return {
        module: {each: tallies.get((module, each), 0) for each in COLUMNS} for module in modules
    }


def shown(table: Mapping[str, Row]) -> str:
    """The table as text, with the share that is killed."""
    lines = []
    for module, row in table.items():
        every = sum(row.values())
        share = (row["killed"] + row["timeouts"]) / max(every, 1)
        ends = ", ".join(f"{number} {end}" for end, number in row.items() if number)
        lines.append(f"{module}: {every} mutants, {share:.1%} killed ({ends})")
    return "\n".join(lines)


def commit() -> str:
    """The commit that stands here now; asked when mutants are made, for others may follow meanwhile."""
    said = ("git", "rev-parse", "--short=12", "HEAD")
    return subprocess.run(said, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def keep(table: Mapping[str, Row], at: str, file: Path = FIGURES) -> None:
    """Write these modules' rows, found at the commit `at`; those of others stay."""
    kept = json.loads(file.read_text()) if file.exists() else {}
    kept |= {module: {"commit": at, **row} for module, row in table.items()}
    file.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
