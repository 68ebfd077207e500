"""A large assignment is solved in a process of its own: the solver holds Python's lock to its end.

    python -m services.matching.solver N    a problem on stdin, the flow on stdout

Meanwhile previews and probes are answered. The process ends when nobody holds the other end of the
pipe that is its file N any more, even amid solving.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import numpy as np

from crosstie.children import ended, environment
from crosstie.errors import Stop
from crosstie.matching.flows import TYPES, Flow, Problem, solved

LARGE = 100_000  # arcs: so many take a fifth of a second, about what a process takes to begin
_HEAD = 4  # numbers before the arcs: how many these are, source, sink, supply
_WORD = 8  # bytes of a number


class SolverFailed(Stop):
    """The process ended without an assignment; killed: for want of memory, likely."""


def solved_apart(problem: Problem) -> Flow:
    """As `solved`; a large problem's in a process of its own. Raises SolverFailed."""
    return _apart(problem) if len(problem.arcs[0]) > LARGE else solved(problem)


def _apart(problem: Problem) -> Flow:
    lifeline, ours = os.pipe()  # nothing is ever written to it: it is closed when we are gone
    command = [sys.executable, "-m", "services.matching.solver", str(lifeline)]
    pipe, count = subprocess.PIPE, len(problem.arcs[0])
    try:
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, env=environment(), pass_fds=(lifeline,)
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            with contextlib.suppress(BrokenPipeError):  # its status says more
                _write(process.stdin, problem)
                problem.arcs.clear()
            with contextlib.suppress(BrokenPipeError):  # of what was left in its buffer
                process.stdin.close()
            answer = process.stdout.read()
    finally:
        os.close(lifeline)
        os.close(ours)
    if status := process.returncode:
        raise SolverFailed(f"the process that assigns {count} arcs {ended(status)}")
    cost = int.from_bytes(answer[:_WORD], "big", signed=True)
    return Flow(np.frombuffer(answer, dtype=np.bool_, offset=_WORD), cost)


def _write(stream: IO[bytes], problem: Problem) -> None:
    arcs, *numbers = problem
    head = (len(arcs[0]), *numbers)
    stream.write(b"".join(number.to_bytes(_WORD, "big") for number in head))
    columns = (np.asarray(each, dtype=of) for each, of in zip(arcs, TYPES, strict=True))
    stream.writelines(each.data.cast("B") for each in columns)
    stream.flush()


def _read(stream: IO[bytes]) -> Problem:
    count, *numbers = (int.from_bytes(stream.read(_WORD), "big") for _ in range(_HEAD))
    arcs = (np.frombuffer(stream.read(count * np.dtype(of).itemsize), of) for of in TYPES)
    return Problem(list(arcs), *numbers)


def main(lifeline: int) -> None:
    """Solve what stdin says, for as long as somebody holds the other end of `lifeline`."""
    _end_with(lifeline)
    _first_to_be_killed()
    found = solved(_read(sys.stdin.buffer))
    sys.stdout.buffer.write(found.cost.to_bytes(_WORD, "big", signed=True))
    sys.stdout.buffer.write(found.carries.tobytes())
    sys.stdout.buffer.flush()


def _end_with(lifeline: int) -> None:
    """When whoever asked is gone, Linux sends a signal that ends this; no thread would get to.

    Elsewhere it goes on until it has solved, and then finds nobody to tell.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # whatever we were started with
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGIO,))
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)
    if select.select([lifeline], [], [], 0)[0]:
        sys.exit("whoever asked is gone")


def _first_to_be_killed() -> None:
    """When memory is short, Linux had better end this than the service, which goes on without it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


if __name__ == "__main__":
    main(int(sys.argv[1]))
