"""Counters whose series all begin at nought: Prometheus sees no rise of one that appears with a value.

https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from prometheus_client import Counter


def counter(name: str, documentation: str, **values: Iterable[str]) -> Counter:
    """A counter with one label for each of `values`, and one series for each of their combinations."""
    made = Counter(name, documentation, tuple(values))
    for each in product(*values.values()):
        made.labels(*each)
    return made
