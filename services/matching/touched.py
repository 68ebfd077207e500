"""Which rows were touched since a round read the network, however many came before that.

Rounds and previews settle only what hangs on these. It may name more than changed, never less; of
what is too long ago nobody knows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

_MOST = 20_000  # keys remembered of one partition


class Touched:
    """Keys of rows, each with the end that its partition's mark told when it came."""

    def __init__(self, partitions: int) -> None:
        self._keys: list[deque[tuple[int, str]]] = [deque() for _ in range(partitions)]
        self._known_from: list[int | None] = [None] * partitions  # None: no rows yet

    def came(self, partition: int, end: int, keys: Iterable[str]) -> None:
        """These rows make the partition reflect the log up to `end`; the first are what is there."""
        if self._known_from[partition] is None:
            self._known_from[partition] = end  # what was removed before is not told
            return
        known = self._keys[partition]
        known.extend((end, key) for key in keys)
        while len(known) > _MOST:
            self._known_from[partition] = known.popleft()[0] + 1

    def since(self, offsets: tuple[int, ...]) -> frozenset[str] | None:
        """Keys of rows that may differ from those of a round at `offsets`; None: any may."""
        if len(offsets) != len(self._keys) or any(
            begun is not None and then < begun
            for begun, then in zip(self._known_from, offsets, strict=True)
        ):
            return None
        return frozenset(
            key
            for known, then in zip(self._keys, offsets, strict=True)
            for _, key in takewhile(lambda each, then=then: each[0] >= then, reversed(known))  # type: ignore[misc]
        )
