"""Answers foretold: ours beside simpler ways, what is refused, and the command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.errors import Misconfigured
from crosstie.evaluate.answers_task import Answered, compare
from crosstie.simulate.scenario import Scenario
from tests.unit.evaluate.answers_world import answers, figures, log_loss_of, written
from tests.unit.evaluate.played_set import played_set


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "played"
    return played_set(folder, Scenario(members=160, days=150, seed=1))


@pytest.fixture(scope="module")
def found(played: Path) -> Answered:
    return compare(played)


def test_answers_are_foretold_better_than_by_rules_popularity_and_attributes(
    found: Answered,
) -> None:
    assert found.model is not None
    for what in ("accepts", "both"):
        ours = log_loss_of(found, "crosstie", what)
        for simpler in ("rules", "popularity", "logistic"):
            assert ours < log_loss_of(found, simpler, what)
    assert (figures(found, "crosstie", "accepts").auc or 0) > 0.65
    assert (figures(found, "crosstie", "accepts").ece or 1) < 0.1


def test_the_same_set_gives_the_same_figures(found: Answered, played: Path) -> None:
    assert compare(played) == found


def test_sets_of_twenty_without_sectors_or_levels_have_figures(tmp_path: Path) -> None:
    found = compare(written(tmp_path, 20, answers(80)))
    assert found.testing == 24
    assert {"error"}.isdisjoint(set().union(*found.methods.values()))
    assert figures(found, "logistic", "both").log_loss is not None


def test_sectors_and_levels_are_used_where_they_are_known(tmp_path: Path) -> None:
    events = answers(200, say=lambda n: n % 3 == 0)
    found = compare(written(tmp_path, 21, events, sector="s{}", level="{}"))
    assert figures(found, "logistic", "accepts").auc is not None


@pytest.mark.parametrize("yes", [True, False])
def test_answers_all_alike_are_foretold_and_have_no_auc(tmp_path: Path, yes: bool) -> None:
    found = compare(written(tmp_path, 20, answers(80, say=lambda _: yes)))
    assert (figures(found, "crosstie", "accepts").log_loss or 1) < 0.1
    for method in found.methods:
        assert figures(found, method, "accepts").auc is None
        assert figures(found, method, "accepts").log_loss is not None


def test_without_implicit_there_is_an_error_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("implicit")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "implicit", None)
    found = compare(written(tmp_path, 20, answers(80)))
    assert "pip install 'crosstie[evaluate]'" in str(found.methods["als"]["error"])
    assert "accepts" in found.methods["crosstie"]


def test_a_set_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        Misconfigured, match=r"has 0 answers .*accepted or declined.* 20 train.*--task"
    ):
        compare(written(tmp_path, 20, [(1, "m1", "m2", "met"), (2, "m1", "m3", "suggested")]))


def test_too_few_answers_are_refused_with_the_limit(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"20 answers, of which 14 train .* at least 20"):
        compare(written(tmp_path, 20, answers(20)))


def test_people_and_things_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, 20, answers(80))
    (folder / "meta.json").write_text(json.dumps({"bipartite": True}))
    with pytest.raises(Misconfigured, match="joins people with things"):
        compare(folder)


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="has 0 answers"):
        compare(written(tmp_path, 20, []))


def test_the_command_prints_one_object_per_set(tmp_path: Path) -> None:
    folder = str(written(tmp_path, 20, answers(80)))
    done = CliRunner().invoke(app, ["evaluate", "--task", "answers", folder, folder, "--json"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == lines[1]
    shown = json.loads(lines[0])
    assert (shown["task"], shown["answers"], shown["training"], shown["testing"]) == (
        "answers",
        80,
        56,
        24,
    )
    assert shown["methods"].keys() == {"crosstie", "rules", "logistic", "popularity", "als"}
    assert shown["methods"]["crosstie"]["both"].keys() == {"auc", "log_loss", "ece"}


def test_the_command_shows_a_table(tmp_path: Path) -> None:
    folder = str(written(tmp_path, 20, [*answers(80), (99, "m1", "m2", "declined")]))
    done = CliRunner().invoke(app, ["evaluate", "--task", "answers", folder])
    assert done.exit_code == 0
    assert "both accept" in done.stdout
    assert "the policy's rules" in done.stdout
    assert "1 answers no suggestion preceded" in done.stdout
