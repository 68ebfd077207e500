"""Run one command, and end it as soon as the parent is gone.

    guard.py '{"parent": PID, "pid_file": ..., "command": [...], ...}'

The stack starts Kafka and PostgreSQL through this script, so that a parent killed with -9 leaves
nothing running. It is a process of its own because PR_SET_PDEATHSIG alone would fire when the
*thread* that forked ends, and is no help on macOS; it needs nothing but the standard library, so
it is up in 20 ms. Should the guard itself be killed, PR_SET_PDEATHSIG ends the command on Linux.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

POLL_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


def main(options: dict[str, Any]) -> int:
    """Exit code of the command; its own signals end it, then SIGKILL after the grace."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ask)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def die_with_guard() -> None:  # after setuid, which would clear it
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, options["death_signal"])

    child = subprocess.Popen(
        options["command"],
        stdin=subprocess.DEVNULL,
        user=options["user"],
        group=options["group"],
        extra_groups=[] if options["user"] is not None else None,
        preexec_fn=die_with_guard,  # noqa: PLW1509  this process has one thread
    )
    pid_file = Path(options["pid_file"])
    fresh = pid_file.with_suffix(".new")
    fresh.write_text(str(child.pid))
    fresh.replace(pid_file)
    deadline: float | None = None
    while child.poll() is None:
        if deadline is None and (asked or os.getppid() != options["parent"]):
            child.send_signal(options["stop_signal"])
            deadline = time.monotonic() + options["grace_seconds"]
        if deadline is not None and time.monotonic() > deadline:
            child.kill()
        time.sleep(POLL_SECONDS)
    pid_file.unlink(missing_ok=True)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
