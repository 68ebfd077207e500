"""A process that stands still for a while, and is known to before anything is asked of it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Within the block every thread of `pid` is stopped; afterwards it goes on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        # the signal is in force once a thread of it runs and passes it on: others serve until then
        while not _stopped(pid):
            time.sleep(0.001)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _stopped(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return all((each / "stat").read_text().rpartition(")")[2].split()[0] == "T" for each in threads)
