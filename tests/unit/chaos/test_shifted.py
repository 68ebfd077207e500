"""A clock that jumps while its process runs, and monotonic time that does not."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from crosstie import instants
from crosstie.chaos import shifted

TELL = """
import sys, time
from crosstie import instants
for _ in sys.stdin:
    print(time.time(), time.time_ns() / 1e9, instants.now() / 1e6, time.monotonic(), flush=True)
"""


@pytest.fixture
def told(tmp_path: Path) -> subprocess.Popen[str]:
    (tmp_path / "told.py").write_text(TELL)
    shifted.jump(tmp_path / "clock", 0)
    return subprocess.Popen(
        [sys.executable, "-m", shifted.__name__, str(tmp_path / "clock"), "told"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(tmp_path)},
    )


def ask(told: subprocess.Popen[str]) -> list[float]:
    assert told.stdin is not None
    assert told.stdout is not None
    told.stdin.write("now\n")
    told.stdin.flush()
    return [float(each) for each in told.stdout.readline().split()]


@pytest.mark.parametrize("seconds", [3_600.0, -86_400.0])
def test_a_clock_jumps_and_jumps_back(
    told: subprocess.Popen[str], tmp_path: Path, seconds: float
) -> None:
    with told:
        before = ask(told)
        shifted.jump(tmp_path / "clock", seconds)
        moved = ask(told)
        shifted.jump(tmp_path / "clock", 0)
        after = ask(told)
        assert told.stdin is not None
        told.stdin.close()
    for wall in range(3):
        assert moved[wall] - before[wall] == pytest.approx(seconds, abs=60)
        assert abs(after[wall] - before[wall]) < 60
    assert before[3] <= moved[3] <= after[3] < before[3] + 60
    assert told.returncode == 0


def test_there_is_one_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_577_836_800_000_000_000)
    assert instants.to_rfc3339(instants.now()) == "2020-01-01T00:00:00Z"
