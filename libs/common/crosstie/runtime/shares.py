"""How much platforms may have in hand: each a share, so that however one behaves others get in."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from math import inf

from crosstie.errors import Transient


class Over(Transient):
    """Who asks has its share in hand already, or all together have what may be."""


class Shares:
    """Everybody's share is `most`, and all have `of_all`; what is heavier goes in alone."""

    def __init__(self, most: float, of_all: float = inf) -> None:
        self._most = most
        self._of_all = of_all
        self._held: Counter[str] = Counter()

    @contextlib.contextmanager
    def held(self, name: str, weight: int = 1) -> Iterator[None]:
        """`weight` is `name`'s within the block. Raises Over."""
        for held, most in (
            (self._held[name], self._most),
            (self._held.total(), self._of_all),
        ):
            if held and held + weight > most:
                raise Over(f"{held} of {most} are in hand")
        self._held[name] += weight
        try:
            yield
        finally:
            self._held[name] -= weight
            if not self._held[name]:
                del self._held[name]
