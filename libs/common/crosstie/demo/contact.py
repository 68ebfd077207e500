"""A contact as sensors saw it."""

from __future__ import annotations

import math
from dataclasses import dataclass

_SHORTEST_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Contact:
    """Two people face to face."""

    at: int
    people: tuple[str, str]
    seconds: int

    @property
    def weight(self) -> float:
        """1 for the shortest contact that is measured, 20 s; grows with the root of its length."""
        return round(math.sqrt(self.seconds / _SHORTEST_SECONDS), 3)
