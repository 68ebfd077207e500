"""Instants: integer microseconds since 1970-01-01T00:00Z, and RFC 3339 at the edges."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000


def now() -> int:
    """The wall clock; it may be set, so only what is about dates reads it."""
    return time.time_ns() // 1_000


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime."""
    since = moment - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds


def to_datetime(instant: int) -> datetime:
    """The aware datetime in UTC."""
    return EPOCH + timedelta(microseconds=instant)


def from_rfc3339(text: str) -> int:
    """Microseconds of an RFC 3339 timestamp. Raises ValueError where it has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no offset from UTC")
    return from_datetime(moment)


def to_rfc3339(instant: int) -> str:
    """RFC 3339 in UTC with a `Z`."""
    return to_datetime(instant).isoformat().replace("+00:00", "Z")
