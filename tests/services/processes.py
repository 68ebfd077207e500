"""Processes of others: whether they are gone."""

from __future__ import annotations

import os
import time


def gone(pid: int, within_seconds: float = 5) -> bool:
    deadline = time.monotonic() + within_seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False
