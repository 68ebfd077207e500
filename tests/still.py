"""A process that stands still for a while, and is known to before anything is asked of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

_LONGEST_SECONDS = 10.0
_LOOK_SECONDS = 0.001
# stopped, by a signal or who traces it; or over, and not waited for yet
_STANDING = frozenset("TtZXx")


@contextlib.asynccontextmanager
async def standing_still(pid: int) -> AsyncIterator[None]:
    """Within the block every thread of `pid` is stopped; afterwards it goes on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        # the signal is in force once a thread of it runs and passes it on: others serve until then
        await until_stopped(Path(f"/proc/{pid}/task"))
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def until_stopped(threads: Path, longest_seconds: float = _LONGEST_SECONDS) -> None:
    """Raises TimeoutError, naming the threads that go on."""
    begun, late = monotonic(), False
    while going := _going_on(threads):
        if late:
            states = ", ".join(f"{thread} in state {state}" for thread, state in going.items())
            raise TimeoutError(
                f"{threads}: not all stopped within {longest_seconds:g} s of SIGSTOP ({states}); "
                "in state D one waits for a disk, in any other for a processor: try again"
            )
        await asyncio.sleep(_LOOK_SECONDS)
        # said before the look: we may have been stopped ourselves since the last one
        late = monotonic() > begun + longest_seconds


def _going_on(threads: Path) -> dict[str, str]:
    """Threads that are not stopped, and their states; one that ends meanwhile is none of them."""
    found = {}
    for each in threads.iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state = (each / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in _STANDING:
                found[each.name] = state
    return found
