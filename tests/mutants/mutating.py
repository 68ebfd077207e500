"""Mutation testing with mutmut 3: small changes all over a module, each to be noticed by unit tests.

mutmut names what it mutates by path and finds it by import, so it works in a copy where `crosstie`
stands at the top. The copy is kept in `.mutants/<group>`: a run that was cut short goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from tests.mutants.defect import COMMON, ROOT

ENOUGH = 0.9  # of all mutants of a group
SURVIVORS = Path(__file__).with_name("survivors.toml")
# exit codes of mutmut: killed by a test, by its time or by a signal; by nothing; never tried
_KILLED = frozenset((1, 3, 24, 36, 152, 255, -24, -9, -11))
_LIVES = 0
_UNTESTED = frozenset((5, 33))


@dataclass(frozen=True)
class Group:
    """Modules, by path below the top of the copy, and the unit tests that must notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


MATCHING = "tests/unit/matching/test_"
GROUPS: Mapping[str, Group] = {
    "network": Group(
        ("crosstie/network/*.py",),
        ("tests/unit/network", "tests/unit/test_view.py"),
    ),
    "ledger": Group(
        ("crosstie/matching/ledger.py", "crosstie/matching/settle.py"),
        tuple(f"{MATCHING}{each}.py" for each in ("settle", "ledger", "pacing", "touched")),
    ),
    "assignment": Group(
        ("crosstie/matching/assignment.py", "crosstie/matching/congestion.py"),
        (f"{MATCHING}assignment.py", f"{MATCHING}congestion.py"),
    ),
    "repairs": Group(  # compiled code runs as it is read, so that it can be mutated at all
        ("crosstie/matching/repairs.py",),
        (f"{MATCHING}assignment.py",),
        {"NUMBA_DISABLE_JIT": "1"},
    ),
    "choosing": Group(
        ("crosstie/matching/choosing.py", "crosstie/matching/fairness.py"),
        tuple(f"{MATCHING}{each}.py" for each in ("fair", "worth", "step", "exploration")),
    ),
    "delivery": Group(
        tuple(f"services/profile/{each}.py" for each in ("partition", "batch", "watchdog")),
        ("tests/unit/profile", "tests/services/test_profile_store.py::TestMemoryStore"),
    ),
}


class Survivor(NamedTuple):
    """A mutant that no test noticed: what stood there, and what instead."""

    module: str
    was: str
    now: str


def run(names: list[str], kept: Path, *, where: str, workers: int) -> bool:
    """Mutate the named groups; whether enough is killed, and all that lives is listed.

    `where`: mutants to try, by a pattern of names as `crosstie.network.fold.*`; empty for all.
    """
    known = explained()
    verdicts = [_group(name, kept / name, known, where, workers) for name in names]
    return all(verdicts)


def explained(file: Path = SURVIVORS) -> dict[Survivor, str]:
    """Survivors that are listed, and why."""
    listed = tomllib.loads(file.read_text()).get("survivor", [])
    return {Survivor(each["module"], each["was"], each["now"]): each["why"] for each in listed}


def _group(name: str, place: Path, known: Mapping[Survivor, str], where: str, workers: int) -> bool:
    group = GROUPS[name]
    print(f"{name}: {', '.join(group.modules)}", flush=True)
    place.mkdir(parents=True, exist_ok=True)
    _prepare(group, place)
    environment = os.environ | {"PYTHONPATH": "", **group.environment}
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    command = [mutmut, "run", "--max-children", str(workers), *([where] if where else [])]
    subprocess.run(command, cwd=place, env=environment, check=True)
    found = {name: code for name, code in _results(place) if fnmatch(name, where or "*")}
    alive = sorted(name for name, code in found.items() if code == _LIVES)
    untested = [name for name, code in found.items() if code in _UNTESTED]
    unsure = [name for name, code in found.items() if code not in {_LIVES, *_KILLED, *_UNTESTED}]
    killed = len(found) - len(alive) - len(untested) - len(unsure)
    print(f"{name}: {killed} of {len(found)} killed, {len(alive)} live, {len(untested)} untested")
    survivors = [_shown(mutmut, each, place) for each in alive]
    news = [each for each in survivors if each not in known]
    for survivor, times in Counter(news).items():
        print(f"not listed, {times} times: {survivor}")
    for mutant in untested + unsure:
        print(f"no verdict: {mutant}")
    return killed >= ENOUGH * len(found) and not news and not unsure


def _prepare(group: Group, place: Path) -> None:
    """The copy, brought up to date; what did not change keeps its time, and so its verdicts."""
    for source, target in (
        (COMMON, "crosstie"),
        ("services", "services"),
        ("tests", "tests"),
    ):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / source, place / target, ignore=ignored, dirs_exist_ok=True)
    settings = {
        "source_paths": ["crosstie", "services"],
        "only_mutate": list(group.modules),
        "pytest_add_cli_args": ["--hypothesis-seed=0", "-p", "no:cacheprovider"],
        "pytest_add_cli_args_test_selection": list(group.tests),
        "use_git_change_detection": False,
    }
    written = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    project = (ROOT / "pyproject.toml").read_text()
    (place / "pyproject.toml").write_text(f"{project}\n[tool.mutmut]\n{written}\n")


def _results(place: Path) -> Iterator[tuple[str, int | None]]:
    """Every mutant, and the exit code of its tests."""
    for meta in sorted((place / "mutants").rglob("*.meta")):
        yield from json.loads(meta.read_text())["exit_code_by_key"].items()


def _shown(mutmut: str, mutant: str, place: Path) -> Survivor:
    """A mutant by the lines that differ: its number means nothing once the module changes."""
    shown = subprocess.run(
        [mutmut, "show", mutant], cwd=place, capture_output=True, text=True, check=True
    )
    lines = [each for each in shown.stdout.splitlines() if not each.startswith(("---", "+++"))]
    was, now = (
        " ".join(each[1:].strip() for each in lines if each.startswith(sign)) for sign in "-+"
    )
    return Survivor(mutant.rpartition(".")[0], was, now)
