"""Every decoder that reads what strangers wrote, on any bytes: an answer or Rejected, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

from crosstie import dlq, instants, logrecord
from crosstie.door import compressed, strict_json
from crosstie.door.arrival import checked, named
from crosstie.door.record import event_of, event_of_request
from crosstie.errors import Rejected
from crosstie.registry import Platform
from tests.services.ingestion_world import SOURCE

PLATFORM = Platform("members", frozenset([SOURCE]), frozenset(["members"]))
NOW = instants.from_rfc3339("2026-06-01T00:00:00Z")
MOST = 64 * 1024


def decode(data: bytes) -> None:
    """Try them all on `data`. Raises what none of them should."""
    for each in DECODERS:
        with contextlib.suppress(Rejected):
            each(data)


def _values(data: bytes) -> None:
    for read in (strict_json.values, strict_json.lines):
        for each in read(data):
            _event(each)


def _event(event: Any) -> None:
    named(event)
    if isinstance(event, Rejected):
        sendable(event)
        return
    try:
        checked(event, PLATFORM, NOW)
    except Rejected as error:
        sendable(error)


def sendable(error: Rejected) -> None:
    """What is said of it can be sent, and is short."""
    told = [error.pointer, error.value, error.limit, error.remedy]
    assert len(json.dumps(told, ensure_ascii=False).encode()) < 8_192


def _pairs(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A value, and headers out of the lines before it."""
    *lines, value = data.split(b"\n")
    pairs = [each.partition(b":") for each in lines[:20]]
    return value, [(name.decode("latin-1"), rest) for name, _, rest in pairs]


def _record(data: bytes) -> None:
    value, headers = _pairs(data)
    _event(event_of(None, value, dlq.as_sent(headers)))


def _request(data: bytes) -> None:
    value, headers = _pairs(data)
    _event(event_of_request(value, headers))


def _letter(data: bytes) -> None:
    value, headers = _pairs(data)
    dlq.marked(headers)
    letter = dlq.read(b"", value, headers)
    assert letter.name
    assert letter.first
    assert letter.replays >= 0


def _logged(data: bytes) -> None:
    value, headers = _pairs(data)
    logrecord.opened(logrecord.head_of(value[:40], value[40:], headers), {})


def _packed(data: bytes) -> None:
    for encoding in compressed.ENCODINGS:
        with contextlib.suppress(Rejected):
            assert len(compressed.opened(data, encoding, MOST)) <= MOST


DECODERS: list[Callable[[bytes], None]] = [_values, _record, _request, _letter, _logged, _packed]
