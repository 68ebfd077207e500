"""The directory of a stack's data: locked while it is used, and removed if it was for once only."""

from __future__ import annotations

import fcntl
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crosstie.errors import Misconfigured
from crosstie.runtime.guarded import Interrupted, StackFailed

KEPT = "why-kept.txt"
IN_USE_SECONDS = 30.0


@contextmanager
def held(home: Path, leave: threading.Event, *, throwaway: bool) -> Iterator[int]:
    """The data directory, locked (yields the lock's descriptor) and, if `throwaway`, removed."""
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o711)  # the user that PostgreSQL runs as passes through
    failed = True
    with (home / "lock").open("a") as lock:
        _hold(lock.fileno(), home, leave)
        (home / "logs" / KEPT).unlink(missing_ok=True)
        try:
            yield lock.fileno()
            failed = False
        except StackFailed:
            raise
        except BaseException:
            failed = (home / "logs" / KEPT).exists()
            raise
        finally:
            kept = failed or (home / "logs" / KEPT).exists()
            if throwaway:
                for part in ("kafka", "postgres", "lock") if kept else ("",):
                    _remove(home / part)
            if kept:
                print(f"logs of Kafka and PostgreSQL are kept in {home / 'logs'}", file=sys.stderr)


def _hold(descriptor: int, home: Path, leave: threading.Event) -> None:
    """Lock the directory; the guards inherit the lock, so it lasts until the last server ended."""
    deadline = None
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            if deadline is None:
                deadline = time.monotonic() + IN_USE_SECONDS
                print(
                    f"waiting for {home}, which another stack uses, up to {IN_USE_SECONDS:g} s",
                    file=sys.stderr,
                    flush=True,
                )
            if time.monotonic() > deadline:
                raise Misconfigured(
                    f"{home} is in use by another stack; stop that one or name another directory"
                ) from taken
        if leave.wait(0.2):
            raise Interrupted(f"{home} is not wanted any more")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
