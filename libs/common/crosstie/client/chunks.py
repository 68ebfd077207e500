"""Events cut into requests that the door takes: by number, by bytes, by entries of the log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

MOST_EVENTS = 1_000
MOST_BYTES = 1_000_000  # the door takes 1 MiB
MOST_ENTRIES = 20_000
_encode = msgspec.json.Encoder().encode


def chunks(events: Iterable[Any]) -> Iterator[list[bytes]]:
    """Lists of events as JSON, in order; an event that is too big alone goes alone."""
    chunk: list[bytes] = []
    size = entries = 0
    for event in events:
        line = _encode(event)
        more = _entries(event)
        full = (
            len(chunk) >= MOST_EVENTS
            or size + len(line) + 1 > MOST_BYTES
            or entries + more > MOST_ENTRIES
        )
        if chunk and full:
            yield chunk
            chunk, size, entries = [], 0, 0
        chunk.append(line)
        size += len(line) + 1
        entries += more
    if chunk:
        yield chunk


def _entries(event: Any) -> int:
    """How many entries of the log an event becomes: a gathering of n is n(n-1)/2 contacts."""
    try:
        people = len(event["data"]["members"])
    except (KeyError, TypeError):
        return 1
    return max(1, people * (people - 1) // 2)
