"""A program that the stack owns ends: after its grace, with its guard, and with nobody else."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from crosstie.runtime.guarded import Guarded, Program
from tests.services.processes import gone

STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def test_a_program_that_will_not_end_is_killed_after_its_grace(tmp_path: Path) -> None:
    guarded = stubborn(tmp_path, grace_seconds=0.3)
    pid = guarded.pid
    guarded.stop()
    assert gone(pid)
    assert not guarded.crashed


def test_a_program_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[Guarded] = []
    thread = threading.Thread(target=lambda: started.append(stubborn(tmp_path)))
    thread.start()
    thread.join()
    time.sleep(0.5)
    assert started[0].running
    started[0].kill()


def test_a_program_ends_with_its_guard(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs PR_SET_PDEATHSIG")
    guarded = stubborn(tmp_path)
    pid = guarded.pid
    assert guarded._guard is not None
    guarded._guard.kill()
    guarded._guard.wait()
    assert gone(pid)
    assert guarded.crashed


def stubborn(logs: Path, grace_seconds: float = 5) -> Guarded:
    command = [sys.executable, "-c", STUBBORN]
    guarded = Guarded(Program("stubborn", command, logs / "x.log", grace_seconds=grace_seconds))
    guarded.start()
    guarded.wait(lambda: "up" in guarded.tail(), 20)
    return guarded
