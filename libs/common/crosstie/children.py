"""Processes of ours that compute for us: what they get to know, and how their end is told."""

from __future__ import annotations

import os

_OURS = "CROSSTIE_"  # settings, secrets among them, which whoever only computes has no use for


def environment() -> dict[str, str]:
    """Our variables without our settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def ended(status: int) -> str:
    """How a process ended that returned `status`, negative for a signal."""
    return f"was killed by signal {-status}" if status < 0 else f"exited with {status}"
