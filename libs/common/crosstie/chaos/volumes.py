"""Small volumes for servers' data, that can be filled to the last byte: what a full disk is.

A volume is a tmpfs of its own. Mounting one takes the right to mount; where that is missing the
directory stays where it is, and a fault that would fill it is left out and counted as such.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BALLAST = "ballast"
_STEP_BYTES = 1 << 20
_MODE = "0711"  # PostgreSQL's user passes through


@dataclass(frozen=True, slots=True)
class Volume:
    """A directory; `own` where it is a file system by itself."""

    path: Path
    own: bool

    def fill(self) -> int:
        """Leave not a byte; how many bytes that took. Raises OSError for anything but a full disk."""
        taken = 0
        ballast = os.open(self.path / _BALLAST, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            at = os.fstat(ballast).st_size
            step = _STEP_BYTES
            while step:
                try:
                    os.posix_fallocate(ballast, at, step)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    step //= 2
                else:
                    at, taken = at + step, taken + step
        finally:
            os.close(ballast)
        return taken

    def empty(self) -> None:
        """Give the room back."""
        (self.path / _BALLAST).unlink(missing_ok=True)


@contextmanager
def volume(path: Path, megabytes: int) -> Iterator[Volume]:
    """A volume at `path`, gone with all that is in it afterwards."""
    path.mkdir(parents=True, exist_ok=True)
    own = _ran("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode={_MODE}", "tmpfs", str(path))
    try:
        yield Volume(path, own)
    finally:
        if own:
            _ran("umount", "--lazy", str(path))


def _ran(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
