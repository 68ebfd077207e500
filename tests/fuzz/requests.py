"""Seeded HTTP requests around seeded events: every mode, media type, encoding, and much that is odd."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass
from urllib.parse import quote

from tests.fuzz.events import damaged, event_text, sound
from tests.unit.door.packed import PACK

MEDIA = ["application/json", "application/cloudevents+json", "application/cloudevents-batch+json"]
ODD_MEDIA = [
    "", "text/plain", "application/json; charset=latin1", "APPLICATION/JSON;charset=UTF-8", "\xff",
    "multipart/form-data; boundary=x", "application/json;;", "application/cloudevents+avro", "a" * 300,
]  # fmt: skip
ODD_HEADERS = [
    ("x", "y" * 5_000), ("content-encoding", "br"), ("content-encoding", "gzip"), ("ce-id", "%FF"),
    ("ce-data", "1"), ("ce-id", '"a\\"b"'), ("ce-", ""), ("ce-\x7f", "1"), ("ce-type", "\xe9"),
    ("expect", "100-continue"), ("transfer-encoding", "chunked"), ("x-forwarded-for", "1"), ("te", ""),
    ("content-length", "-1"), ("content-length", "9" * 25), ("range", "bytes=0-1"), ("host", ""),
]  # fmt: skip
ODD_TARGETS = [
    "/v1/events/", "/v1/events?x=" + "y" * 300, "//v1/events", "/", "/%00", "/v1/%2e%2e/events", "/docs",
    "/openapi.json", "/v1/events;a", "/" + "x" * 5_000, "/health/ready", "/metrics",
]  # fmt: skip
ODD_KEYS = [
    "",
    "Bearer",
    "Bearer x",
    "Basic eDp5",
    "bearer ctk_0123456789abcdef_" + "0" * 64,
    "\xff",
]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request; header names and values are latin-1."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


def request(rng: random.Random, number: int, key: str) -> Sent:
    """The request of that number, most of it sound but for what is in it."""
    body, media, attributes = _content(rng, number)
    headers = [*attributes, ("content-type", rng.choice(ODD_MEDIA) if _seldom(rng, 0.1) else media)]
    headers.append(
        ("authorization", rng.choice(ODD_KEYS) if _seldom(rng, 0.03) else f"Bearer {key}")
    )
    if _seldom(rng, 0.15):
        body, encoding = _packed(rng, body)
        headers.append(("content-encoding", encoding))
    while _seldom(rng, 0.1):
        headers.append(rng.choice(ODD_HEADERS))
    if _seldom(rng, 0.002):
        headers += [("x", "1")] * rng.choice([50, 100, 5_000])
    method = rng.choice(["GET", "PUT", "OPTIONS", "HEAD"]) if _seldom(rng, 0.02) else "POST"
    target = rng.choice(ODD_TARGETS) if _seldom(rng, 0.03) else "/v1/events"
    return Sent(method, target, headers, body)


def on_the_wire(rng: random.Random, sent: Sent) -> bytes:
    """The request as bytes of HTTP/1.1, half of the time damaged."""
    lines = [f"{sent.method} {sent.target} HTTP/1.1", "host: x", "connection: close"]
    lines += [f"{name}: {value}" for name, value in sent.headers]
    chunked = _seldom(rng, 0.3)
    length = len(sent.body) + (rng.choice([-1, 1, 100]) if _seldom(rng, 0.05) else 0)
    lines.append("transfer-encoding: chunked" if chunked else f"content-length: {length}")
    body = (
        b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent.body), sent.body)
        if chunked and sent.body
        else sent.body
    )
    text = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
    return damaged(rng, text) if _seldom(rng, 0.5) else text


def _content(rng: random.Random, number: int) -> tuple[bytes, str, list[tuple[str, str]]]:
    """Body, media type and `ce-` headers."""
    kind = rng.randrange(10)
    if kind < 4:
        return event_text(rng, number), rng.choice(MEDIA), []
    if kind < 8:
        count = rng.choice([1, 2, 5, 20, 60] if kind > 5 else [1, 2, 4])
        events = [event_text(rng, f"{number}.{each}") for each in range(count)]
        if kind < 6:
            return b"[" + b",".join(events) + b"]", rng.choice(MEDIA), []
        return b"\n".join(events), "application/x-ndjson", []
    event = sound(rng, number)
    data = json.dumps(event.pop("data")).encode()
    attributes = [(f"ce-{name}", quote(value)) for name, value in event.items()]
    if _seldom(rng, 0.5):
        at = rng.randrange(len(attributes))
        name, value = attributes[at]
        odd = [(name, value[::-1]), (name, "%"), ("ce-x", value), (name, f'"{value}"'), (name, "")]
        attributes[at] = rng.choice(odd)
    return (damaged(rng, data) if _seldom(rng, 0.3) else data), MEDIA[0], attributes


def _packed(rng: random.Random, body: bytes) -> tuple[bytes, str]:
    encoding = rng.choice(list(PACK))
    packed = PACK[encoding](body)
    kind = rng.randrange(10)
    if kind == 0:
        packed = BOMBS[encoding]
    elif kind < 4:
        packed = damaged(rng, packed)
    elif kind == 4:
        packed = gzip.compress(packed)
    return packed, encoding


def _seldom(rng: random.Random, chance: float) -> bool:
    return rng.random() < chance


BOMBS = {name: pack(bytes(3 * 1024 * 1024)) for name, pack in PACK.items()}
