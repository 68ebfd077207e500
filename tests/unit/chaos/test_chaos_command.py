"""`crosstie chaos` says what machines can read, whether it ran one seed or several."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crosstie.chaos import table
from crosstie.chaos.seeds import INTERRUPTED, Seeds
from crosstie.cli import app

RAN: dict[str, Any] = {
    "events": 100,
    "acknowledged": 100,
    "dead_letters": 0,
    "lost": 0,
    "doubled": 0,
    "faults": {"kill profile-1": 1},
    "faults_done": 1,
    "impossible": [],
    "suggestions_heard": 3,
    "restarts": 1,
    "stuck": [],
    "books": {"clean": True, "books": []},
}


@pytest.fixture(autouse=True)
def ran(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every seed passes but 3."""
    monkeypatch.setattr(
        table, "_ran", lambda _, asked: {**RAN, "seed": asked["seed"], "passed": asked["seed"] != 3}
    )


def chaos(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["chaos", "--events", "100", *arguments])


def test_several_seeds_as_json_are_one_object_and_the_words_go_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    answer = chaos("--seed", "1", "--seeds", "2", "--table", str(path), "--json")
    told = json.loads(answer.stdout)
    assert answer.exit_code == 0
    assert told == json.loads(path.read_text())
    assert [each["seed"] for each in told["runs"]] == [1, 2]
    assert "seed 1: passed" in answer.stderr


def test_several_seeds_in_words_end_with_the_totals(tmp_path: Path) -> None:
    answer = chaos("--seed", "2", "--seeds", "2", "--table", str(tmp_path / "table.json"))
    assert answer.exit_code == 1
    assert "seed 3: FAILED" in answer.stdout
    assert "failed [3]" in answer.stdout.splitlines()[-1]


def test_ctrl_c_tells_which_seeds_did_not_finish_and_keeps_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Event()

    def ran(_: Seeds, asked: dict[str, int]) -> dict[str, Any]:
        if asked["seed"] == 1:
            return {**RAN, "seed": 1, "passed": True}
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped.wait(60)
        return {"seed": 2, "passed": False, "error": INTERRUPTED}

    monkeypatch.setattr(table, "_ran", ran)
    monkeypatch.setattr(Seeds, "stop", lambda _: stopped.set())
    path = tmp_path / "table.json"
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # as Python begins
    try:
        answer = chaos("--seed", "1", "--seeds", "3", "--table", str(path))
    finally:
        signal.signal(signal.SIGINT, before)
    assert answer.exit_code == 130
    assert "seed 1: passed" in answer.stdout
    assert "seed 2: not finished" in answer.stdout
    assert "never begun: 3" in answer.stdout
    assert [each["seed"] for each in table.read(path)] == [1]
