"""A seed in a process of its own: its report, or why there is none; and all of them stopped at once."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crosstie.chaos.seeds import INTERRUPTED, Seeds

ASKED = {"seed": 7}


def of(script: str) -> Seeds:
    return Seeds((sys.executable, "-c", script))


def test_a_report_is_what_the_process_prints() -> None:
    assert of('print(\'{"seed": 7, "passed": true}\')').ran(ASKED) == {"seed": 7, "passed": True}


def test_no_report_is_a_failure_that_keeps_the_end_of_what_was_said() -> None:
    found = of("import sys; sys.exit('no room')").ran(ASKED)
    assert (found["seed"], found["passed"]) == (7, False)
    assert found["error"] == "exit code 1 and no report\nno room\n"


@pytest.mark.parametrize(
    "ends", ["sys.exit(130)", "signal.signal(2, signal.SIG_DFL); os.kill(os.getpid(), 2)"]
)
def test_those_that_run_are_asked_to_stop_and_none_begins_any_more(
    ends: str, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    seeds = of(
        f"""
import os, signal, sys, time
try:
    open({str(begun)!r}, "w").close()
    time.sleep(60)
except KeyboardInterrupt:
    {ends}
"""
    )
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(seeds.ran, ASKED)
        begun.read_text()  # returns once it runs
        seeds.stop()
        assert running.result(60)["error"] == INTERRUPTED
    assert seeds.ran(ASKED)["error"] == INTERRUPTED


def test_those_that_hear_no_ctrl_c_are_ended(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in the background of a script
    try:
        seeds = of(f"import time; open({str(begun)!r}, 'w').close(); time.sleep(60)")
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(seeds.ran, ASKED)
            begun.read_text()
            seeds.stop()
            assert running.result(60)["error"] == INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, heard)
