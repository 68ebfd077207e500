"""Python's collector leaves alone what stays: a look at a whole network holds up rounds for a second."""

from __future__ import annotations

import gc


def leave_what_is_held() -> None:
    """The network that was read, or the suggestions of a full round, and what is made of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)
