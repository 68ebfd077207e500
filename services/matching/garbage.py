"""What stays is left alone by Python's collector, and what was freed is given back to the machine.

A look of the collector at a whole network holds up rounds for a second. Reading one leaves a third as
much free memory as it takes, in pieces that the C library keeps unless it is told.
"""

from __future__ import annotations

import ctypes
import gc
import sys


def leave_what_is_held() -> None:
    """The network that was read, or the suggestions of a full round, and what is made of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
    if sys.platform == "linux":
        _give_back()


def _give_back() -> None:
    try:
        trim = ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):  # a C library that keeps none
        return
    trim(0)
