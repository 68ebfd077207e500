"""`crosstie chaos` says what machines can read, whether it ran one seed or several."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crosstie.chaos import table
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
        table, "_ran", lambda asked: {**RAN, "seed": asked["seed"], "passed": asked["seed"] != 3}
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
