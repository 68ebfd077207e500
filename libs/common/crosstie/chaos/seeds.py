"""Seeds run as processes of their own, beside each other, that can all be asked to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

COMMAND = (sys.executable, "-m", "crosstie.cli", "chaos", "--json")
INTERRUPTED = "interrupted"
_ASKED = (130, -signal.SIGINT, -signal.SIGTERM)  # in good order, or before it could


class Seeds:
    """Those that run now; once stopped, none begins any more."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        """`command` prints a report as one JSON object, given what is asked as options."""
        self._command = command
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False
        self._lock = Lock()

    def ran(self, asked: Mapping[str, int]) -> dict[str, Any]:
        """One seed; a run that did not come to a report is a failure, and its end is kept."""
        command = [*self._command, *(f"--{name}={value}" for name, value in asked.items())]
        with self._lock:
            if self._stopped:
                return _failed(asked, INTERRUPTED)
            run = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            self._running.add(run)
        out, said = run.communicate()
        with self._lock:
            self._running.remove(run)
        with suppress(ValueError):
            report: dict[str, Any] = json.loads(out)
            if not report["passed"]:
                print(said[-2_000:], end="", file=sys.stderr)
            return report
        if run.returncode in _ASKED:
            return _failed(asked, INTERRUPTED)
        return _failed(asked, f"exit code {run.returncode} and no report\n{said[-2_000:]}")

    def stop(self) -> None:
        """As Ctrl-C, which a terminal tells them by itself: they take their brokers down in order.

        In the background of a script nobody hears Ctrl-C, these neither: they are ended.
        """
        deaf = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        with self._lock:
            self._stopped = True
            for each in self._running:
                each.send_signal(signal.SIGTERM if deaf else signal.SIGINT)


def _failed(asked: Mapping[str, int], why: str) -> dict[str, Any]:
    return {"seed": asked["seed"], "passed": False, "error": why}
