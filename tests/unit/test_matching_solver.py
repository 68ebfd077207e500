from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from crosstie.matching import assignment
from crosstie.matching.arrays import Ints
from crosstie.matching.flows import TYPES, Problem
from services.matching import solver
from services.matching.solver import SolverFailed, solved_apart


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solver, "LARGE", 0)


def pairs(seed: int) -> tuple[Ints, Ints, Ints, Ints]:
    draw = np.random.default_rng(seed)
    a, b = draw.integers(0, 30, 200), draw.integers(30, 60, 200)
    return a, b, draw.integers(1, 10**6, 200), draw.integers(0, 4, 60)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("seed", range(3))
def test_a_process_of_its_own_finds_the_same(seed: int) -> None:
    chosen, bound = assignment.introductions(*pairs(seed))
    again, same = assignment.introductions(*pairs(seed), solved_apart)
    assert (again.tolist(), same) == (chosen.tolist(), bound)
    assert chosen.any()


@pytest.mark.usefixtures("apart")
def test_a_solver_that_is_killed_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    killed = tmp_path / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n", "ascii")
    killed.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(killed))
    with pytest.raises(SolverFailed, match=r"assigns 2\d\d arcs was killed by signal 9"):
        assignment.introductions(*pairs(1), solved_apart)


@pytest.mark.usefixtures("apart")
@pytest.mark.parametrize("arcs", [1, 500, 200_000])
def test_a_solver_that_is_gone_before_it_heard_all_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arcs: int
) -> None:
    """Less than its buffer, about that, and more than a pipe holds."""
    gone = tmp_path / "python"
    gone.write_text("#!/bin/sh\nexec 0<&-\nexit 3\n", "ascii")
    gone.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(gone))
    columns = [np.ones(arcs, dtype=of) for of in TYPES]
    for _ in range(5):
        with pytest.raises(SolverFailed, match="exited with 3"):
            solved_apart(Problem([*columns], 0, 1, 1))


@pytest.mark.usefixtures("apart")
def test_what_has_no_room_is_said() -> None:
    ones = np.ones(1, dtype=np.int64)
    nodes = np.array([0], dtype=np.int32), np.array([1], dtype=np.int32)
    with pytest.raises(SolverFailed, match="exited with 1"):
        solved_apart(Problem([*nodes, ones, ones], 0, 1, 2))


@pytest.mark.usefixtures("apart")
def test_a_solver_is_told_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told, python = tmp_path / "env", tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > {told}\nexit 3\n", "ascii")
    python.chmod(0o700)
    monkeypatch.setenv("CROSSTIE_VAULT_KEY", "canary")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SolverFailed, match="exited with 3"):
        assignment.introductions(*pairs(1), solved_apart)
    assert "canary" not in told.read_text("utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends once it has solved")
def test_a_solver_ends_with_whoever_asked() -> None:
    """The solver holds Python's lock: only the kernel can end it."""
    said = textwrap.dedent(
        """
        import sys
        from services.matching import solver
        solver._end_with(int(sys.argv[1]))
        print("ready", flush=True)
        sum(iter(int, 1))  # C code that never lets go
        """
    )
    lifeline, ours = os.pipe()
    command = [sys.executable, "-c", said, str(lifeline)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=(lifeline,)) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            os.close(ours)
            assert process.wait(30) == -signal.SIGIO
        finally:
            process.kill()
            os.close(lifeline)


def test_whoever_is_gone_before_it_begins_gets_nothing() -> None:
    said = "from services.matching import solver; solver._end_with(0)"
    done = subprocess.run(
        [sys.executable, "-c", said], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"whoever asked is gone" in done.stderr
