"""A table of runs: whole after every seed, gone on with, and honest about what failed."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from crosstie.chaos import faults, table
from crosstie.chaos.seeds import INTERRUPTED, Seeds
from crosstie.errors import Misconfigured


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds that were run; seed 3 fails, seed 4 does not come to a report."""
    seeds: list[int] = []

    def run(_: Seeds, asked: dict[str, int]) -> dict[str, Any]:
        seeds.append(seed := asked["seed"])
        if seed == 4:
            return {"seed": seed, "passed": False, "error": "no broker"}
        lost = int(seed == 3)
        counted = {"events": 100, "faults_done": 10, "lost": lost, "doubled": 0}
        return {"seed": seed, "passed": not lost, "stuck": [], **counted}

    monkeypatch.setattr(table, "_ran", run)
    return seeds


def test_every_seed_is_run_and_the_totals_name_what_failed(tmp_path: Path, ran: list[int]) -> None:
    path = tmp_path / "some" / "table.json"
    found = [*table.played(range(1, 5), 100, 10, 2, path)]
    assert [each["seed"] for each in found] == ran == [1, 2, 3, 4]
    totals = json.loads(path.read_text())["totals"]
    assert totals["failed"] == [3, 4]
    assert (totals["seeds"], totals["events"], totals["faults_done"]) == (4, 300, 30)
    assert (totals["lost"], totals["doubled"]) == (1, 0)


def test_what_passed_is_not_run_again_and_the_rest_is(tmp_path: Path, ran: list[int]) -> None:
    path = tmp_path / "table.json"
    [*table.played([1], 100, 10, 2, path)]
    assert [each["seed"] for each in table.read(path)] == [1]
    [*table.played(range(1, 5), 100, 10, 2, path)]
    [*table.played(range(1, 5), 100, 10, 2, path)]
    assert ran == [1, 2, 3, 4, 3, 4]
    assert sorted(each["seed"] for each in table.read(path)) == [1, 2, 3, 4]


def test_seeds_run_beside_each_other_and_stand_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, second = Barrier(2), Event()

    def run(_: Seeds, asked: dict[str, int]) -> dict[str, Any]:
        both.wait(60)
        if asked["seed"] == 1:
            second.wait(60)
        return {"seed": asked["seed"], "passed": True}

    monkeypatch.setattr(table, "_ran", run)
    path, ended = tmp_path / "table.json", []
    for each in table.played([1, 2], 100, 10, 2, path, at_once=2):
        ended.append(each["seed"])
        second.set()
    assert ended == [2, 1]
    assert [each["seed"] for each in table.read(path)] == [1, 2]


def test_a_run_with_other_events_is_another_run(tmp_path: Path, ran: list[int]) -> None:
    path = tmp_path / "table.json"
    [*table.played([1], 100, 10, 2, path)]
    [*table.played([1], 200, 10, 2, path)]
    assert ran == [1, 1]
    assert len(table.read(path)) == 2


def test_a_seed_whose_schedule_changed_since_is_run_again_in_its_place(
    tmp_path: Path, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "table.json"
    [*table.played([1], 100, 10, 2, path)]
    monkeypatch.setitem(faults.SECONDS, "kill", (1.0, 2.0))
    [*table.played([1], 100, 10, 2, path)]
    [*table.played([1], 100, 10, 2, path)]
    assert ran == [1, 1]
    assert len(table.read(path)) == 1


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_text("[]")
    with pytest.raises(Misconfigured, match="name another file"):
        table.read(path)


def test_whoever_interrupts_it_keeps_what_ended_and_hears_what_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, begun = Event(), Barrier(3)

    def run(_: Seeds, asked: dict[str, int]) -> dict[str, Any]:
        if asked["seed"] > 1:
            begun.wait(60)
            assert stopped.wait(60)
        if asked["seed"] == 2:
            return {"seed": 2, "passed": False, "error": INTERRUPTED}
        return {"seed": asked["seed"], "passed": True}

    monkeypatch.setattr(table, "_ran", run)
    monkeypatch.setattr(Seeds, "stop", lambda _: stopped.set())
    path = tmp_path / "table.json"
    runs = table.played(range(1, 6), 100, 10, 2, path, at_once=2)
    assert next(runs)["seed"] == 1
    begun.wait(60)  # 2 and 3 run
    with pytest.raises(table.Unfinished) as left:
        runs.throw(KeyboardInterrupt())
    assert [each["seed"] for each in left.value.ended] == [3]
    assert (left.value.running, left.value.waiting) == ([2], [4, 5])
    assert [each["seed"] for each in table.read(path)] == [1, 3]
