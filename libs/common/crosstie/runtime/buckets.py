"""How often a key may call: a token bucket each. The clock is an argument."""

from __future__ import annotations

from collections import OrderedDict

MOST_KEYS = 10_000
BURST_SECONDS = 2.0


class Buckets:
    """One bucket per key: `rate` calls a second, and as many as two seconds' worth at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, now: float, rate: float | None = None) -> float:
        """Take a token of `key`: 0, or the seconds until there is one; `rate` is the key's own."""
        rate = self._rate if rate is None else rate
        most = max(1.0, rate * BURST_SECONDS)
        level, then = self._levels.pop(key, (most, now))
        level = min(most, level + (now - then) * rate)
        taken = level >= 1
        self._levels[key] = (level - taken, now)
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / rate
