"""Seeded Kafka records around seeded events: both modes, odd keys and headers, no value at all."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tests.fuzz.events import damaged, event_text, sound

KEYS = [None, b"", b"\xff\x00", b"member/x", b"k" * 300]
HEADERS = [
    "ce_id",
    "ce_type",
    "ce_specversion",
    "content-type",
    "Content-Type",
    "reply_to",
    "x",
    "",
    "ce_é",
]
VALUES = [
    b"", b"\xff", b"1.0", b"application/json", b"application/cloudevents+json", b"\x00", None, b"x" * 5_000,
    b"application/cloudevents-batch+json", b"crosstie_replays", b"9" * 40,
]  # fmt: skip
OURS = [
    "crosstie_replay_of",
    "crosstie_replays",
    "crosstie_reason",
    "crosstie_topic",
    "crosstie_at",
]


@dataclass(frozen=True, slots=True)
class Written:
    """What is produced to an inbox."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


def record(rng: random.Random, number: int) -> Written:
    """The record of that number."""
    headers: list[tuple[str, bytes | None]] = []
    value: bytes | None
    if rng.random() < 0.6:
        value = event_text(rng, number)
    else:
        event = sound(rng, number)
        value = json.dumps(event.pop("data")).encode()
        headers = [(f"ce_{name}", text.encode()) for name, text in event.items()]
        if rng.random() < 0.5:
            at = rng.randrange(len(headers))
            headers[at] = (headers[at][0], damaged(rng, headers[at][1] or b""))
        if rng.random() < 0.3:
            value = damaged(rng, value)
    while rng.random() < 0.15:
        headers.append((rng.choice(HEADERS + OURS), rng.choice(VALUES)))
    if rng.random() < 0.01:
        value = None
    if rng.random() < 0.0005:
        value = (value or b"").ljust(1024 * 1024 + 1)
    key = rng.choice(KEYS) if rng.random() < 0.3 else None
    return Written(b"" if value is None and key is None else key, value, headers)
