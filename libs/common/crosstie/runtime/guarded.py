"""A server process that the stack owns: started behind the guard, awaited, killed, stopped."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosstie.errors import Stop

GUARD = Path(__file__).with_name("guard.py")
TAIL_LINES = 40
POLL_SECONDS = 0.05
# below the ephemeral range of Linux and macOS: nobody's outgoing connection takes a stopped
# server's port, and a client that knocks there cannot connect to itself
PORTS = range(20_000, 32_000)
NEVER = threading.Event()  # nobody sets it
_BUSY = "try again where less else is at work, or use servers that run already"


class StackFailed(Stop):
    """A real component did not start, or did not stop; the message ends with its log."""


class Interrupted(Stop):
    """Somebody wants no stack any more before it was ready."""


@dataclass(frozen=True, slots=True)
class Program:
    """What to run, and how it wants to be ended."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    kept_from: Collection[str] = ()  # variables that it does not get, wherever they are set
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    user: int | None = None
    group: int | None = None
    grace_seconds: float = 20.0
    holds: Sequence[int] = ()  # descriptors that stay open until it ended

    @property
    def variables(self) -> dict[str, str]:
        """Its whole environment: ours, and what is set for it."""
        whole = {**os.environ, **self.environment}
        return {name: value for name, value in whole.items() if name not in self.kept_from}


class Guarded:
    """One running program, or none between `kill` and `start`."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._pid_file = program.log.with_suffix(".pid")
        self._guard: subprocess.Popen[bytes] | None = None
        self._wanted = False

    def start(self) -> None:
        """Start the program; it is not ready before `wait` returns.

        Raises OSError where its log cannot be written.
        """
        self.program.log.parent.mkdir(parents=True, exist_ok=True)
        self._pid_file.unlink(missing_ok=True)
        self._wanted = True
        options = {
            "parent": os.getpid(),
            "pid_file": str(self._pid_file),
            "command": list(self.program.command),
            "stop_signal": int(self.program.stop_signal),
            "death_signal": int(self.program.death_signal),
            "grace_seconds": self.program.grace_seconds,
            "user": self.program.user,
            "group": self.program.group,
        }
        with self.program.log.open("ab") as log:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD), json.dumps(options)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.program.variables,
                pass_fds=self.program.holds,
                start_new_session=True,  # Ctrl-C reaches us first, and we stop things in order
            )

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def crashed(self) -> bool:
        """Whether it ended although nobody here killed or stopped it."""
        return self._wanted and not self.running

    @property
    def pid(self) -> int:
        """Process id of the program itself, not of its guard."""
        deadline = time.monotonic() + 5
        while self.running and time.monotonic() < deadline:
            if self._pid_file.exists():
                return int(self._pid_file.read_text())
            time.sleep(POLL_SECONDS)
        raise StackFailed(f"{self.program.name} is not running\n{self.tail()}")

    def wait(
        self, ready: Callable[[], bool], limit_seconds: float, leave: threading.Event = NEVER
    ) -> None:
        """Return once `ready()`; raise with the end of the log if the program ends or time does.

        Raises Interrupted once `leave` is set.
        """
        deadline = time.monotonic() + limit_seconds
        while not ready():
            if leave.is_set():
                raise Interrupted(f"{self.program.name} is not wanted any more")
            if not self.running:
                code = self._guard.returncode if self._guard else "none"
                raise StackFailed(
                    f"{self.program.name} ended with exit code {code} while starting\n{self.tail()}"
                )
            if time.monotonic() > deadline:
                raise StackFailed(
                    f"{self.program.name} was not ready within {limit_seconds:g} s; {_BUSY}\n{self.tail()}"
                )
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """End the program with SIGKILL, as a crash would, and wait until it is gone."""
        self._wanted = False
        if self.running:
            os.kill(self.pid, signal.SIGKILL)
        self._reap(5)

    def stop(self) -> None:
        """End the program in good order; with SIGKILL when it takes longer than its grace."""
        self._wanted = False
        if self._guard is not None and self.running:
            self._guard.terminate()
        self._reap(self.program.grace_seconds + 5)

    def _reap(self, limit_seconds: float) -> None:
        if self._guard is None:
            return
        try:
            self._guard.wait(limit_seconds)
        except subprocess.TimeoutExpired as late:
            self._guard.kill()
            self._guard.wait()
            raise StackFailed(f"{self.program.name} did not end\n{self.tail()}") from late

    def tail(self) -> str:
        """Where the log is, and its end."""
        log = self.program.log
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"log: {log}, its end:", *(f"  | {x}" for x in lines[-TAIL_LINES:])])


def run_tool(
    command: Sequence[str], limit_seconds: float, leave: threading.Event, **options: Any
) -> tuple[int, str]:
    """Run a program to its end, out of Ctrl-C's reach: exit code and output.

    Raises Interrupted once `leave` is set, StackFailed when it takes too long.
    """
    deadline = time.monotonic() + limit_seconds
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **options,
    ) as tool:
        while True:
            try:
                output, _ = tool.communicate(timeout=POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if leave.is_set():
                    tool.kill()
                    raise Interrupted(f"{command[0]} is not wanted any more") from None
                if time.monotonic() > deadline:
                    tool.kill()
                    raise StackFailed(
                        f"{command[0]} took longer than {limit_seconds:g} s; {_BUSY}"
                    ) from None
            else:
                return tool.returncode, output


def free_port() -> int:
    """A loopback TCP port that nobody listens on."""
    for port in random.sample(PORTS, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise StackFailed(f"no free TCP port on 127.0.0.1 between {PORTS.start} and {PORTS.stop - 1}")


def listens(port: int) -> bool:
    """Whether someone accepts connections there."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
