"""From a request to the events in its body: how they are written, packed and counted; 4xx if wrongly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

from crosstie.door import compressed, strict_json
from crosstie.door.record import Headers, event_of_request, is_binary
from crosstie.errors import Rejected, shown
from crosstie.runtime.limits import MOST_BODY_BYTES

MOST_EVENTS = 1_000
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
JSON = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
_STRUCTURED = "application/cloudevents"
_CHARSET = re.compile(r'charset="?utf-?8"?', re.IGNORECASE)
_PACKED = 64
_NOTHING = Rejected("", "no events", f"1 to {MOST_EVENTS:,} events", "send at least one")

Parse = Callable[[bytes, int], list[Any]]


def parser(request: Request) -> Parse:
    """How to read the body. Raises what is answered with 415."""
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = media.strip().lower()
    charset = parameters.strip()
    if "charset" in charset.lower() and not _CHARSET.search(charset):
        raise HTTPException(415, f"{shown(charset)} is not taken; send UTF-8")
    headers = [(name.decode("latin-1"), value) for name, value in request.headers.raw]
    if is_binary(headers) and not kind.startswith(_STRUCTURED):
        return _binary(kind, headers)
    if kind in LINES:
        return strict_json.lines
    if kind in JSON:
        return strict_json.values
    detail = f"{_named(kind)}; send one of {', '.join(JSON + LINES[:1])}"
    raise HTTPException(415, detail)


def encoding(request: Request) -> str | None:
    """How the body is compressed; None when it is not. Raises what is answered with 415."""
    given = ",".join(request.headers.getlist("content-encoding")).strip().lower()
    if given in ("", "identity"):
        return None
    if given not in compressed.ENCODINGS:
        detail = f"Content-Encoding {shown(given)} is not taken; send gzip, zstd, or as it is"
        raise HTTPException(415, detail, {"Accept-Encoding": "gzip, zstd"})
    return given


def most(request: Request, packed: str | None) -> int:
    """How many bytes the body may become."""
    length = request.headers.get("content-length", "")
    return int(length) if packed is None and length.isdecimal() else MOST_BODY_BYTES


def likely(sent: bytes, packed: str | None) -> int:
    """How many bytes it is, about, once unpacked: events in JSON pack to one in so many at best."""
    return len(sent) if packed is None else min(_PACKED * len(sent), MOST_BODY_BYTES)


async def read(request: Request) -> bytes:
    """The body as it was sent."""
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400, "the body was cut off; send all of it") from error


def events(body: bytes, parse: Parse, packed: str | None) -> list[Any]:
    """The events of the body, not yet checked; a Rejected stands for one that cannot be read."""
    try:
        if packed is not None:
            body = compressed.opened(body, packed, MOST_BODY_BYTES)
        return parse(body, MOST_EVENTS) or [_NOTHING]
    except (compressed.TooLarge, strict_json.TooMany) as error:
        raise HTTPException(413, _said(error)) from error
    except Rejected as error:
        raise HTTPException(400, _said(error)) from error


def _binary(kind: str, headers: Headers) -> Parse:
    """One event: attributes in `ce-` headers, the body is its data."""
    if kind != JSON[0]:
        raise HTTPException(415, f"{_named(kind)}; with ce- headers the body is {JSON[0]}")

    def parse(body: bytes, _most: int) -> list[Any]:
        try:
            return [event_of_request(body, headers)]
        except Rejected as rejected:
            return [rejected]

    return parse


def _named(kind: str) -> str:
    return f"Content-Type {shown(kind)}" if kind else "Content-Type is missing"


def _said(error: Rejected) -> str:
    return f"{error.value}, must be {error.limit}; {error.remedy}"
