"""What may be known when an answer is foretold, and what is an answer at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from crosstie.evaluate.answers_foretold import matcher
from crosstie.evaluate.answers_moments import MOST_MOMENTS, begins, moments
from crosstie.evaluate.answers_protocol import Answers, recorded
from crosstie.evaluate.dataset import read
from crosstie.matching.arrays import Floats
from tests.unit.evaluate.answers_world import POLICY, Event, _taste, answers, written


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
