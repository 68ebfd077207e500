"""Answers foretold: figures by hand, what may be known when, and ours beside simpler ways."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.errors import Misconfigured
from crosstie.evaluate.answers_foretold import matcher
from crosstie.evaluate.answers_moments import MOST_MOMENTS, begins, moments
from crosstie.evaluate.answers_protocol import Answers, recorded
from crosstie.evaluate.answers_task import Answered, compare
from crosstie.evaluate.calibration import (
    BINS,
    LEAST,
    Calibrated,
    calibrated,
    expected_calibration_error,
    log_loss,
)
from crosstie.evaluate.dataset import read
from crosstie.matching import policy
from crosstie.matching.arrays import Floats
from crosstie.simulate.scenario import Scenario
from tests.unit.evaluate.played_set import played_set

POLICY = policy.load(policy.DEFAULT)
Event = tuple[object, str, str, str]


def written(folder: Path, size: int, events: Sequence[Event], **columns: str) -> Path:
    """m0 to m<size - 1>; a column is a format of the member's number modulo 3."""
    with (folder / "members.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("member_id", *columns))
        rows.writerows(
            (f"m{n}", *(each.format(1 + n % 3) for each in columns.values())) for n in range(size)
        )
    with (folder / "events.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("ts", "source_id", "target_id", "kind"), *events])
    return folder


def answers(count: int, *, size: int = 20, say: Callable[[int], bool] | None = None) -> list[Event]:
    """Per day a contact, a suggestion of two others, and what both say to it a little later."""
    told: list[Event] = []
    for n in range(count // 2):
        a, b = f"m{n % size}", f"m{(n * 7 + 3 + n // size) % size}"
        if a == b:
            b = f"m{(n + 1) % size}"
        first, second = [(say or _taste)(each) for each in (2 * n, 2 * n + 1)]
        told += [
            (n, f"m{(n * 3) % size}", f"m{(n * 3 + 1) % size}", "met"),
            (n + 0.1, a, b, "suggested"),
            (n + 0.2, a, b, "accepted" if first else "declined"),
            (n + 0.3, b, a, "accepted" if second else "declined"),
        ]
    return told


def _taste(n: int) -> bool:
    return (n * 37 % 11) < 6


def figures(found: Answered, method: str, what: str) -> Calibrated:
    measured = found.methods[method][what]
    assert isinstance(measured, Calibrated)
    return measured


def log_loss_of(found: Answered, method: str, what: str) -> float:
    return figures(found, method, what).log_loss or math.inf


# figures known beforehand


def test_log_loss_is_the_mean_of_natural_logs() -> None:
    lost = log_loss(np.array([0.8, 0.25]), np.array([True, False]))
    assert lost == pytest.approx(-(math.log(0.8) + math.log(0.75)) / 2)


def test_nobody_is_surer_than_half_a_millionth() -> None:
    assert log_loss(np.array([1.0]), np.array([False])) == pytest.approx(-math.log(LEAST))


def test_calibration_error_weighs_the_bins_by_what_falls_into_them() -> None:
    chance = np.array([0.12, 0.18, 0.91, 1.0])  # means 0.15 and 0.955
    yes = np.array([False, True, True, True])  # shares 0.5 and 1
    expected = (2 * abs(0.15 - 0.5) + 2 * abs(0.955 - 1)) / 4
    assert expected_calibration_error(chance, yes) == pytest.approx(expected)


def test_who_is_always_right_in_the_mean_is_calibrated() -> None:
    chance = np.repeat(np.arange(BINS) / BINS + 0.05, 20)
    yes = np.concatenate([np.arange(20) < 1 + 2 * each for each in range(BINS)])
    assert expected_calibration_error(chance, yes) == pytest.approx(0)


def test_auc_of_known_scores_and_of_answers_all_alike() -> None:
    chance = np.array([0.1, 0.4, 0.35, 0.8])
    assert calibrated(chance, np.array([False, False, True, True])).auc == 0.75
    assert calibrated(chance, np.ones(4, np.bool_)).auc is None
    assert calibrated(np.empty(0), np.empty(0, np.bool_)) == Calibrated(None, None, None)


# what is known when


def test_the_first_in_time_train_and_the_file_decides_where_times_are_equal(tmp_path: Path) -> None:
    late_first = [*answers(80)[::-1], (-1, "m1", "m2", "declined"), (-1, "m3", "m4", "accepted")]
    record = recorded(read(written(tmp_path, 20, late_first)))
    assert record.training == 57  # 0.7 x 82
    assert (np.diff(record.answers.at) >= 0).all()
    assert record.past.at.max() <= record.later.at.min()
    assert record.answers.by[:2].tolist() == [1, 3]
    assert record.without_suggestion == 2


def test_an_answer_is_to_the_latest_suggestion_of_the_pair_either_way_round(tmp_path: Path) -> None:
    asked: list[Event] = [
        (50, "m1", "m2", "suggested"),
        (51, "m1", "m2", "accepted"),
        (52, "m2", "m1", "suggested"),
        (53, "m2", "m1", "accepted"),
        (54, "m1", "m2", "declined"),
    ]
    record = recorded(read(written(tmp_path, 20, [*answers(60), *asked])))
    days = (record.answers.asked[-3:] / 86_400e6).tolist()
    assert days == [50, 52, 52]
    assert record.pairs.yes[-2:].tolist() == [True, False]  # both, then one no to another
    assert (record.pairs.asked[-2:] / 86_400e6).tolist() == [50, 52]


def test_one_no_tells_that_not_both_accept_and_one_yes_tells_nothing(tmp_path: Path) -> None:
    alone: list[Event] = [(90, "m1", "m20", "accepted"), (91, "m3", "m21", "declined")]
    record = recorded(read(written(tmp_path, 22, [*answers(60), *alone])))
    told = list(zip(record.pairs.one, record.pairs.other, record.pairs.yes, strict=True))
    assert (1, 20) not in [each[:2] for each in told]
    assert told[-1] == (3, 21, False)
    assert record.pairs.asked[-1] / 86_400e6 == 91  # no suggestion is told
    assert record.without_suggestion == 2


def test_no_more_moments_than_forty_and_none_after_what_is_asked() -> None:
    asked = np.sort(np.random.default_rng(1).integers(0, 5_000, 2_000))
    taken = begins(asked)
    assert len(np.unique(taken)) == MOST_MOMENTS
    assert (taken <= asked).all()
    assert set(taken) <= set(asked)
    assert begins(np.array([3, 1, 3])).tolist() == [3, 1, 3]


def test_a_moment_knows_what_happened_strictly_before(tmp_path: Path) -> None:
    record = recorded(data := read(written(tmp_path, 20, answers(80))))
    when = np.array([record.answers.at[20], record.answers.at[50]])
    for moment in moments(data, record, when):
        heard = sum(map(len, moment.ledger.answered.values()))
        assert heard == int((record.answers.at < moment.at).sum())
        met = sum(sum(tie.contacts.values()) for tie in moment.network.ties.values())
        assert met == int((record.contacts_at < moment.at).sum())
        assert not moment.ledger.live
        assert len(moment.people) == 20


def test_what_is_answered_later_changes_nothing_foretold_before(tmp_path: Path) -> None:
    count, turn = 300, 250  # of 300 answers 210 train
    (one := tmp_path / "one").mkdir()
    (other := tmp_path / "other").mkdir()
    before = read(written(one, 20, answers(count)))
    turned = answers(count, say=lambda n: _taste(n) if n < turn else not _taste(n))
    after = read(written(other, 20, turned))
    found = [_foretold(data) for data in (before, after)]
    asked = found[0][1].asked
    last = begins(recorded(before).answers.asked)[-len(asked) :]
    unaware = last <= recorded(before).answers.at[turn]
    assert unaware.sum() >= turn - 210
    assert found[0][0][unaware].tolist() == found[1][0][unaware].tolist()
    assert found[0][0][~unaware].tolist() != found[1][0][~unaware].tolist()


def _foretold(data: object) -> tuple[Floats, Answers]:
    from crosstie.evaluate.dataset import Dataset

    assert isinstance(data, Dataset)
    ours = matcher(data, recorded(data), POLICY)
    return ours.foretold(ours.model).accepts, ours.record.later


def test_contacts_of_kinds_that_make_no_tie_are_told_to_nobody(tmp_path: Path) -> None:
    folder = written(tmp_path, 20, [*answers(60), *((n, "m1", "m2", "saw") for n in range(9))])
    (folder / "meta.json").write_text(json.dumps({"tie_kinds": ["met", "accepted"]}))
    record = recorded(data := read(folder))
    assert {data.events[i].kind for i in record.contacts} == {"met"}
    assert len(record.answers) == 60


# ours beside simpler ways


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


# errors


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


# the command


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
