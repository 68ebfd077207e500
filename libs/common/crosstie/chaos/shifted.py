"""A service whose wall clock jumps when it is told to: `python -m crosstie.chaos.shifted FILE MODULE`.

FILE holds the shift in nanoseconds, 8 bytes, little-endian; whoever writes it moves the clock while
the service runs. Moved is what Python code reads through `time` (our code, aiokafka's): a process
cannot have a wall clock of its own in the kernel. Monotonic time goes on, as it does when a real
clock is set; the clocks of Kafka and PostgreSQL stay.
"""

from __future__ import annotations

import mmap
import runpy
import struct
import sys
import time
from pathlib import Path

_SHIFT = struct.Struct("<q")
_NANOSECONDS = 1_000_000_000


def jump(clock: Path, seconds: float) -> None:
    """Set how far a clock is from the truth; 0 sets it right."""
    with clock.open("r+b" if clock.exists() else "w+b") as file:
        file.write(_SHIFT.pack(round(seconds * _NANOSECONDS)))


def follow(clock: Path) -> None:
    """From here on, this process reads its wall clock by that file."""
    with clock.open("rb") as file:
        held = mmap.mmap(file.fileno(), _SHIFT.size, prot=mmap.PROT_READ)
    real = time.time_ns

    def time_ns() -> int:
        return real() + int(_SHIFT.unpack(held[:])[0])

    time.time_ns = time_ns
    time.time = lambda: time_ns() / _NANOSECONDS


def main() -> None:
    """Follow the clock, then be the module."""
    clock, module = Path(sys.argv[1]), sys.argv[2]
    follow(clock)
    sys.argv = sys.argv[2:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
