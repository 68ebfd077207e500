"""Random draws that are a function of what they are about, so that nothing depends on their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_SPAN = 2**64


class Draws:
    """Draws of one seed: `draws.uniform("joins", 17)` is the same number whenever it is asked."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._start = blake2b(str(seed).encode(), digest_size=8)

    def uniform(self, *about: object) -> float:
        """In [0, 1)."""
        return self._bits(about) / _SPAN

    def below(self, n: int, *about: object) -> int:
        """An integer in [0, n)."""
        return self._bits(about) % n

    def pick(self, among: Sequence[T], *about: object) -> T:
        """One of `among`, all alike."""
        return among[self.below(len(among), *about)]

    def exponential(self, mean: float, *about: object) -> float:
        """Waiting times: mostly short, some long."""
        return -mean * math.log1p(-self.uniform(*about))

    def spread(self, *about: object) -> float:
        """About normal, mean 0 and deviation 1, within [-3.5, 3.5] (sum of twelve uniforms)."""
        bits = self._bits(about)
        twelfths = sum((bits >> shift) & 0x1F for shift in range(0, 60, 5))
        return (twelfths - 12 * 15.5) / (math.sqrt(12) * 9.233)

    def _bits(self, about: tuple[object, ...]) -> int:
        named = self._start.copy()
        named.update("\0".join(map(str, about)).encode())
        return int.from_bytes(named.digest(), "big")
