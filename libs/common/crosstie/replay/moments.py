"""When rounds were decided, by the wall clock, as far as that can be known. Pure.

A round says itself when it was asked whom to tell. One of an earlier version has the log's time, which
may lie far back, and the time of its record, which is that of the copy where `rounds.v1` was restored.
No event is more than five minutes ahead of the door's clock, and nothing is recorded before it is
decided: it was decided between the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf

from crosstie.door.envelope import AHEAD_US
from crosstie.matching.model import Round

_MS_US = 1_000

Span = tuple[float, float]  # wall clock, ms


class Moments:
    """Of the rounds of one history; `recorded_at`: the times of their records, ms."""

    def __init__(self, rounds: Iterable[Round], recorded_at: Mapping[int, int]) -> None:
        self._spans: dict[int, Span] = {}
        self._own: set[int] = set()
        latest: float = inf  # what a later round, or its record, says is later
        for round in sorted(rounds, key=lambda each: each.n, reverse=True):
            latest = min(latest, recorded_at.get(round.n, inf))
            if round.delivery_at:
                own = round.delivery_at / _MS_US
                self._own.add(round.n)
                self._spans[round.n] = (own, own)
                latest = min(latest, own)
            else:
                opened = (round.at - AHEAD_US) / _MS_US
                self._spans[round.n] = (min(opened, latest), latest)

    def known(self, n: int) -> bool:
        """Whether round `n` says itself when it was decided."""
        return n in self._own

    def between(self, n: int) -> Span:
        """From when until when round `n` may have been decided."""
        return self._spans.get(n, (-inf, inf))
