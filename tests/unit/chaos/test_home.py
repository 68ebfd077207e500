"""What a run leaves behind: nothing, or where somebody asked for them, or it failed, its logs."""

from __future__ import annotations

import shutil

import pytest

from crosstie.chaos.stage import _home


def test_of_a_run_that_passed_nothing_is_left() -> None:
    with _home() as home:
        (home.path / "kafka-1").mkdir()
    assert not home.path.exists()


def test_logs_that_somebody_keeps_stay_alone_and_it_is_said_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with _home() as home:
        (home.path / "kafka-1").mkdir()
        home.keep_logs()
    assert [*home.path.iterdir()] == [home.logs]
    assert str(home.logs) in capsys.readouterr().err
    shutil.rmtree(home.path)


def test_logs_of_a_run_that_broke_stay() -> None:
    with pytest.raises(RuntimeError), _home() as home:
        raise RuntimeError("no broker")
    assert [*home.path.iterdir()] == [home.logs]
    shutil.rmtree(home.path)
