"""A base is fitted in a process of its own: it takes minutes and gigabytes, and rounds go on.

    python -m services.matching.apart    material on stdin, the base's bytes on stdout

The process ends when its stdin does, so it never outlives whoever asked, not even one killed with -9.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import threading
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass

from crosstie.children import ended, environment
from crosstie.errors import CrosstieError
from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching.base import Material
from crosstie.runtime import telemetry
from services.matching.offloop import off_loop

_SIZE_BYTES = 8
_NICENESS = 10  # rounds go first


class FitFailed(CrosstieError):
    """The process ended without a base."""


@dataclass(frozen=True, slots=True)
class Task:
    """All that a base is fitted to."""

    material: Material
    policy: bytes
    at: int
    before: bytes | None  # the base in place


async def fitted_apart(task: Task) -> bytes:
    """The bytes of the base. Raises FitFailed; cancelling it ends the process at once."""
    body = await off_loop(lambda: pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
    command = (sys.executable, "-m", "services.matching.apart")
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=environment()
    )
    try:
        return await _answer(process, body)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _answer(process: Process, body: bytes) -> bytes:
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its status says more
        process.stdin.write(len(body).to_bytes(_SIZE_BYTES, "big"))
        process.stdin.write(body)
        await process.stdin.drain()
    found = await process.stdout.read()
    status = await process.wait()
    if status:
        raise FitFailed(f"the process that fits a base {ended(status)}")
    return found


def main() -> None:
    """Fit what stdin says."""
    telemetry.configure("INFO")  # whatever befalls it, what it is fitted to is not told
    os.nice(_NICENESS)
    source = sys.stdin.buffer
    size = int.from_bytes(source.read(_SIZE_BYTES), "big")
    body = source.read(size)
    if len(body) < size or not size:
        sys.exit("there is no more to fit: whoever asked is gone")
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    task: Task = pickle.loads(body)  # noqa: S301  of our own parent
    before = None if task.before is None else bases.decode(task.before)
    base = bases.fit(task.material, policies.load(task.policy), task.at, before)
    sys.stdout.buffer.write(bases.encode(base))
    sys.stdout.buffer.flush()


def _end_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
