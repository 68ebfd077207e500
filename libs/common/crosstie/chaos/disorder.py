"""What a platform may do to the order of its events: send some again, and some in another order.

Drawn from the seed and the number of the fault; erasures stay behind what they are to cover.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

from crosstie.events import ERASED
from crosstie.simulate.draws import Draws

CloudEvent = dict[str, Any]
_SHUFFLED_CHUNKS = 4
_KEPT_EVENTS = 600  # of which some are sent again: few enough to lie within the dedupe horizon
_AGAIN_EVENTS = 150


class Disorder:
    """Between the events as they happened and the sending of them."""

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._sent: deque[CloudEvent] = deque(maxlen=_KEPT_EVENTS)
        self._shuffles: deque[int] = deque()  # numbers of faults that wait

    def shuffle(self, number: int) -> None:
        """The next events go out in another order."""
        self._shuffles.append(number)

    def again(self, number: int) -> list[CloudEvent]:
        """Some of what was sent lately, in another order."""
        return self._drawn([*self._sent], "again", number)[:_AGAIN_EVENTS]

    def ordered(self, chunks: Iterator[list[CloudEvent]]) -> Iterator[list[CloudEvent]]:
        """The same events in chunks of the same kind, as they go out."""
        for chunk in chunks:
            if not self._shuffles:
                yield self._noted(chunk)
                continue
            number = self._shuffles.popleft()
            several = [chunk, *islice(chunks, _SHUFFLED_CHUNKS - 1)]
            mixed = self._drawn([each for one in several for each in one], "shuffle", number)
            erasures = [each for each in mixed if each["type"] == ERASED]
            rest = iter([each for each in mixed if each["type"] != ERASED] + erasures)
            for one in several:
                yield self._noted([*islice(rest, len(one))])

    def _noted(self, chunk: list[CloudEvent]) -> list[CloudEvent]:
        self._sent.extend(each for each in chunk if each["type"] != ERASED)
        return chunk

    def _drawn(self, events: list[CloudEvent], *about: object) -> list[CloudEvent]:
        places = sorted(range(len(events)), key=lambda each: self._draws.uniform(*about, each))
        return [events[each] for each in places]
