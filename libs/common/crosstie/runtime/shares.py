"""How much one platform may have in hand: a share, so that however it behaves others get in."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

from crosstie.errors import Transient


class Over(Transient):
    """Who asks has its share in hand already."""


class Shares:
    """Everybody's share is `most`; what is heavier goes in alone."""

    def __init__(self, most: float) -> None:
        self._most = most
        self._held: Counter[str] = Counter()

    @contextlib.contextmanager
    def held(self, name: str, weight: int = 1) -> Iterator[None]:
        """`weight` is `name`'s within the block. Raises Over."""
        held = self._held[name]
        if held and held + weight > self._most:
            raise Over(f"{held} of {self._most} are in hand")
        self._held[name] += weight
        try:
            yield
        finally:
            self._held[name] -= weight
            if not self._held[name]:
                del self._held[name]
