"""Mutation testing with mutmut 3: small changes all over a module, each to be noticed by unit tests.

mutmut names what it mutates by path and finds it by import, so it works in a copy where `crosstie`
stands at the top. The copy is kept in `.mutants/<group>`: a run that was cut short goes on, and tries
again only what lived.
"""

from __future__ import annotations

import json
import os
import re
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

from tests.mutants import figures
from tests.mutants.defect import COMMON, ROOT

ENOUGH = 0.9  # of all mutants of a group
SURVIVORS = Path(__file__).with_name("survivors.toml")
# exit codes of mutmut
_KILLED = frozenset((1, 3, 255, -6, -9, -11))  # by a test or a signal
_TIMED_OUT = frozenset((24, 36, 152, -24))
_LIVES = 0
_UNTESTED = frozenset((5, 33))


@dataclass(frozen=True)
class Group:
    """Modules, by path below the top of the copy, and the unit tests that must notice."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


UNIT = "tests/unit"
MATCHING = f"{UNIT}/matching/test_"
# What speaks to Kafka and PostgreSQL alone (SQL, producers, readers) no unit test reaches: there the
# deliberate defects stand.
GROUPS: Mapping[str, Group] = {
    "network": Group(
        ("crosstie/network/*.py", "crosstie/layered.py"),
        (f"{UNIT}/network", f"{UNIT}/test_view.py", f"{UNIT}/test_layered.py"),
    ),
    "delivery": Group(  # from the log to PostgreSQL and on: offsets, epochs, what is refused
        tuple(
            f"services/profile/{each}.py"
            for each in ("partition", "batch", "assignment", "watchdog")
        ),
        (f"{UNIT}/profile", "tests/services/test_profile_store.py::TestMemoryStore"),
    ),
    "records": Group(  # the log's records and those of rounds.v1, and what is shown of a change
        (
            "crosstie/logrecord.py",
            "crosstie/matching/record.py",
            "crosstie/showing.py",
            "services/matching/assembly.py",
        ),
        tuple(
            f"{UNIT}/test_{each}.py"
            for each in (
                "assembly",
                "assembly_packed",
                "logrecord",
                "rounds_record",
                "showing",
                "strays",
            )
        ),
    ),
    "intake": Group(  # from the doors into the log
        tuple(f"services/ingestion/{each}.py" for each in ("intake", "room", "letters")),
        tuple(
            f"{UNIT}/test_ingestion_{each}.py" for each in ("intake", "letters", "limits", "room")
        ),
    ),
    "ledger": Group(
        tuple(f"crosstie/matching/{each}.py" for each in ("ledger", "ledger_bytes", "settle")),
        tuple(
            f"{MATCHING}{each}.py"
            for each in ("settle", "ledger", "ledger_memory", "pacing", "touched")
        ),
    ),
    "assignment": Group(  # compiled code runs as it is read, so that it can be mutated at all
        tuple(f"crosstie/matching/{each}.py" for each in ("assignment", "repairs", "rounding")),
        tuple(
            f"{MATCHING}{each}.py"
            for each in ("rounding", "repairs_exchanges", "repairs_paths", "assignment")
        ),
        {"NUMBA_DISABLE_JIT": "1"},
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
    known = Explained()
    verdicts = [_group(name, kept / name, known, where, workers) for name in names]
    return all(verdicts)


class Explained:
    """Survivors that are listed with a reason, one by one or by what all of a kind look like."""

    def __init__(self, file: Path = SURVIVORS) -> None:
        listed = tomllib.loads(file.read_text())
        self._each = {Survivor(e["module"], e["was"], e["now"]) for e in listed.get("survivor", [])}
        self._kinds = [re.compile(each["pattern"]) for each in listed.get("kind", [])]

    def __contains__(self, found: Survivor | None) -> bool:
        if found is None:
            return False
        change = f"{found.was} -> {found.now}"
        return found in self._each or any(kind.fullmatch(change) for kind in self._kinds)


def _group(name: str, place: Path, known: Explained, where: str, workers: int) -> bool:
    group = GROUPS[name]
    print(f"{name}: {', '.join(group.modules)}", flush=True)
    place.mkdir(parents=True, exist_ok=True)
    at = figures.commit()
    _prepare(group, place)
    _forget_the_living(place)
    environment = os.environ | {"PYTHONPATH": "", **group.environment}
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    command = [mutmut, "run", "--max-children", str(workers), *([where] if where else [])]
    subprocess.run(command, cwd=place, env=environment, check=True)
    every = dict(_results(place))
    found = {name: code for name, code in every.items() if fnmatch(name, where or "*")}
    alive = _shown([each for each, code in found.items() if code == _LIVES], place)
    unsure = [name for name, code in found.items() if code is None or _verdict(code) is None]
    tallies = Counter(
        (figures.module(each), "listed" if alive.get(each) in known else _verdict(code))
        for each, code in found.items()
    )
    table = figures.table(tallies)
    print(figures.shown(table))
    for survivor, times in Counter(alive.values()).items():
        if survivor not in known:
            print(f"not listed, {times} times: {survivor}")
    for mutant in unsure:
        print(f"no verdict: {mutant}")
    figures.keep({each: table[each] for each in figures.whole(every, {*found} - {*unsure})}, at)
    killed = sum(each["killed"] + each["timeouts"] for each in table.values())
    return killed >= ENOUGH * len(found) and not unsure and all(s in known for s in alive.values())


def _verdict(code: int | None) -> str | None:
    if code in _KILLED:
        return "killed"
    if code in _TIMED_OUT:
        return "timeouts"
    if code in _UNTESTED:
        return "untested"
    return "survived" if code == _LIVES else None


def _forget_the_living(place: Path) -> None:
    """mutmut keeps verdicts; tests may have been added since for what no test noticed."""
    for meta in (place / "mutants").rglob("*.meta"):
        kept = json.loads(meta.read_text())
        for mutant, code in kept["exit_code_by_key"].items():
            if code == _LIVES or code in _UNTESTED:
                kept["exit_code_by_key"][mutant] = None
        meta.write_text(json.dumps(kept))


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
        "pytest_add_cli_args": [
            *("-p", "no:cacheprovider"),
            *("-p", "no:unraisableexception"),  # which collects garbage, half of a mutant's time
            *("-p", "tests.mutants.quick"),
        ],
        "pytest_add_cli_args_test_selection": list(group.tests),
        "use_git_change_detection": False,
        "do_not_mutate_patterns": [r"^\s*log\.(info|warning|error)\("],  # words for people
        "timeout_multiplier": 30.0,  # by the wall clock, which other work holds up
    }
    written = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    project = (ROOT / "pyproject.toml").read_text()
    (place / "pyproject.toml").write_text(f"{project}\n[tool.mutmut]\n{written}\n")


def _results(place: Path) -> Iterator[tuple[str, int | None]]:
    """Every mutant, and the exit code of its tests."""
    for meta in sorted((place / "mutants").rglob("*.meta")):
        yield from json.loads(meta.read_text())["exit_code_by_key"].items()


def _shown(mutants: list[str], place: Path) -> dict[str, Survivor]:
    """Mutants by the lines that differ: a number means nothing once the module changes."""
    command = [sys.executable, "-m", "tests.mutants.shown"]
    names, environment = "\n".join(mutants), os.environ | {"PYTHONPATH": ""}
    said = subprocess.run(
        command, cwd=place, env=environment, input=names, capture_output=True, text=True, check=True
    )
    return {
        each: Survivor(figures.module(each), *lines)
        for each, lines in json.loads(said.stdout).items()
    }
