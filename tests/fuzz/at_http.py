"""Requests into a running ingestion service, over ASGI and over a socket, and what became of each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.fuzz.requests import Sent, on_the_wire, request

AT_ONCE = 48
PATIENCE_SECONDS = 5.0  # for an answer on a socket, where what was sent may be no whole request
ALLOWED = {200, 202, 307, 400, 401, 403, 404, 405, 408, 413, 414, 415, 422, 429, 431, 503}


Draw = tuple[random.Random, int]  # what to draw an input from, and its number


@dataclass
class Told:
    """What was answered: how many inputs, how often each status, what should never be said.

    An input is an event that was answered by itself, or a request that was answered as a whole.
    """

    inputs: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def add(self, status: int, headers: dict[str, str], body: bytes, sent: object) -> None:
        """One answer."""
        self.statuses[str(status)] += 1
        if status not in ALLOWED or (status in (429, 503) and "retry-after" not in headers):
            self.wrong.append(f"{status} {body[:200]!r} to {sent!r:.2000}")
        answered = json.loads(body).get("results", []) if status in (202, 403, 422) else []
        self.inputs += max(1, len(answered))
        self.accepted |= {each["id"] for each in answered if each["status"] == "accepted"}


async def over_asgi(app: Any, draws: Iterator[Draw], most: int, key: str) -> Told:
    """Send requests until `most` inputs were answered, some at a time, without a socket."""
    told = Told()

    async def worker() -> None:
        while told.inputs < most:
            rng, number = next(draws)
            sent = request(rng, number, key)
            status, headers, body = await _called(app, sent, cut=rng.random() < 0.01)
            told.add(status, headers, body, sent)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return told


async def over_a_socket(port: int, draws: Iterator[Draw], most: int, key: str) -> Told:
    """The same as bytes, damaged on the way; `unfinished` are those that still wait for a request."""
    told = Told()

    async def worker() -> None:
        while told.inputs < most:
            rng, number = next(draws)
            text = on_the_wire(rng, request(rng, number, key))
            answer = await _said(port, text)
            if answer is None:
                told.statuses["unfinished"] += 1
                told.inputs += 1
            else:
                told.add(*answer, text)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return told


async def _called(app: Any, sent: Sent, *, cut: bool) -> tuple[int, dict[str, str], bytes]:
    path, _, query = sent.target.partition("?")
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.method,
        "scheme": "http", "path": unquote(path), "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "server": ("x", 80), "client": ("y", 1), "state": {},
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1"))
                    for name, value in sent.headers],
    }  # fmt: skip
    if not any(name == "content-length" for name, _ in sent.headers) and len(sent.body) % 10:
        length = ("content-length", str(len(sent.body)))  # the others come in chunks
        scope["headers"].append(tuple(each.encode() for each in length))
    half = len(sent.body) // 2
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": sent.body[:half], "more_body": True},
        {"type": "http.disconnect"}
        if cut
        else {"type": "http.request", "body": sent.body[half:], "more_body": False},
    ]
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in said[0]["headers"]}
    return said[0]["status"], headers, b"".join(each.get("body", b"") for each in said)


async def _said(port: int, text: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """The first answer; None where the server waits for more, or has hung up on half a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                writer.write(text)
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                if head[0].split(" ")[1] == "100":
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = [each.partition(": ") for each in head[1:] if each]
                headers = {name.lower(): value for name, _, value in pairs}
                is_head = text.startswith(b"HEAD")
                length = 0 if is_head else int(headers.get("content-length", 0))
                return int(head[0].split(" ")[1]), headers, await reader.readexactly(length)
    finally:
        writer.transport.abort()
    return None
