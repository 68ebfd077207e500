"""`POST /v1/events`: one CloudEvent (structured or binary), an array, or NDJSON; an answer for each."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from crosstie.door import strict_json
from crosstie.door.arrival import Arrival, Forbidden, named
from crosstie.door.record import Headers, event_of_request, is_binary
from crosstie.errors import Rejected, Transient
from crosstie.runtime.auth import Keys, platform_of
from services.ingestion.door import count, judged, now, settled
from services.ingestion.intake import MOST_ENTRIES, Intake, weight
from services.ingestion.room import Full, Room

MOST_BYTES = 1024 * 1024
MOST_EVENTS = 1_000
MOST_BYTES_IN_HAND = 32 * MOST_BYTES  # of all bodies; what is kept of one is about as much again
BODY_SECONDS = 30.0
DEADLINE_SECONDS = 20.0  # from the body to an answer
RETRY_AFTER_SECONDS = 2
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
_JSON = ("application/json", "application/cloudevents+json", "application/cloudevents-batch+json")
_STRUCTURED = "application/cloudevents"
_CHARSET = re.compile(r'charset="?utf-?8"?', re.IGNORECASE)

_NOTHING = Rejected("", "no events", f"1 to {MOST_EVENTS:,} events", "send at least one")


class Result(BaseModel):
    """What became of one event; `pointer`, `value`, `limit` and `remedy` say why not."""

    index: int = Field(description="Place in the request, from 0.")
    id: str | None = Field(description="The event's id, where it has a usable one.")
    status: Literal["accepted", "rejected"]
    pointer: str | None = Field(None, description="JSON pointer into the event.")
    value: str | None = Field(None, description="What stood there, shortened.")
    limit: str | None = Field(None, description="What is allowed.")
    remedy: str | None = Field(None, description="What to do.")


class Answer(BaseModel):
    """Accepted events are in the log, acknowledged by every replica in sync."""

    accepted: int
    rejected: int
    results: list[Result]


class Problem(BaseModel):
    """Why nothing of the request was taken in."""

    detail: str


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body was cut off."},
    401: {"model": Problem, "description": "No API key, or a wrong one."},
    403: {
        "model": Answer | Problem,
        "description": "Every event is another platform's to send (`results` says why of each); or "
        "the key may not write (`detail`).",
    },
    408: {"model": Problem, "description": f"The body took over {BODY_SECONDS:.0f} seconds."},
    413: {"model": Problem, "description": "Over 1 MiB, 1,000 events, or 20,000 after splitting."},
    415: {"model": Problem, "description": "Not JSON or NDJSON in UTF-8."},
    422: {"model": Answer, "description": "No event was accepted."},
    429: {"model": Problem, "description": "Too many requests; wait for Retry-After."},
    503: {
        "model": Problem,
        "description": "Kafka or PostgreSQL is away, or too much is in hand; wait for Retry-After.",
    },
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent 1.0 in JSON; types and data as in docs/events.md.",
    "required": ["specversion", "id", "source", "type", "time", "data"],
}


_DATA = {
    "type": "object",
    "description": "Binary mode: `data` of the one event that the `ce-` headers describe.",
}


class Intakes:
    """Where events go, once Kafka and PostgreSQL were reached."""

    intake: Intake | None = None


def router(keys: Keys, to: Intakes) -> APIRouter:
    """The routes of ingestion."""
    api = APIRouter(tags=["events"])
    bodies = Room(MOST_BYTES_IN_HAND)

    @api.post(
        "/v1/events",
        status_code=202,
        response_model=Answer,
        responses=_PROBLEMS,
        openapi_extra=_body(),
        dependencies=[Depends(platform_of(keys, "write"))],
    )
    async def post_events(request: Request) -> JSONResponse:
        """Send events: at most 1,000 at once, 1 MiB, and 20,000 once gatherings are split."""
        parse, size = _parser(request), _size(request)
        with _turned_away(), bodies.held(size):
            events = _few(parse, await _read(request))
            at, platform = now(), request.state.caller.platform
            ids = [named(each) for each in events]
            results = [judged(each, platform, at) for each in events]
            del events  # may be thirty times the body, and storing takes its time
            reasons = settled(results, await _taken(results, to.intake))
            count("http", platform.name, reasons)
            return _answer(ids, reasons)

    return api


def _few(parse: Callable[[bytes, int], list[Any]], body: bytes) -> list[Any]:
    try:
        return parse(body, MOST_EVENTS) or [_NOTHING]
    except strict_json.TooMany as error:
        raise HTTPException(413, f"{error.value}, {error.limit}; {error.remedy}") from error


async def _taken(
    results: Sequence[Arrival | Rejected], intake: Intake | None
) -> list[Rejected | None]:
    arrivals = [each for each in results if isinstance(each, Arrival)]
    entries = weight(arrivals)
    if entries > MOST_ENTRIES:
        detail = f"{entries} events once gatherings are split, at most {MOST_ENTRIES}; send fewer"
        raise HTTPException(413, detail)
    return await _logged(intake, arrivals) if arrivals else []


async def _logged(intake: Intake | None, arrivals: Sequence[Arrival]) -> list[Rejected | None]:
    if intake is None:
        raise _later("Kafka or PostgreSQL was not reached yet, or we are leaving; try again")
    try:
        with intake.room.held(weight(arrivals)):
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await intake.take(arrivals)
    except Full:
        raise
    except (Transient, TimeoutError) as error:
        detail = f"not stored for certain ({type(error).__name__}); send the same again"
        raise _later(detail) from error


@contextlib.contextmanager
def _turned_away() -> Iterator[None]:
    try:
        yield
    except Full as error:
        raise _later("too much is in hand; nothing of this was stored, send it again") from error


def _later(detail: str) -> HTTPException:
    return HTTPException(503, detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _answer(ids: Sequence[str | None], reasons: Sequence[Rejected | None]) -> JSONResponse:
    pairs = enumerate(zip(ids, reasons, strict=True))
    results = [_result(index, id, reason) for index, (id, reason) in pairs]
    accepted = sum(reason is None for reason in reasons)
    rejected = len(reasons) - accepted
    forbidden = rejected and all(isinstance(each, Forbidden) for each in reasons)
    status = 202 if accepted else 403 if forbidden else 422
    answer = {"accepted": accepted, "rejected": rejected, "results": results}
    return JSONResponse(answer, status)


def _result(index: int, id: str | None, reason: Rejected | None) -> dict[str, Any]:
    result: dict[str, Any] = {"index": index, "id": id}
    if reason is None:
        return result | {"status": "accepted"}
    return result | {
        "status": "rejected",
        "pointer": reason.pointer,
        "value": reason.value,
        "limit": reason.limit,
        "remedy": reason.remedy,
    }


def _parser(request: Request) -> Callable[[bytes, int], list[Any]]:
    media, _, parameters = request.headers.get("content-type", "").partition(";")
    kind = media.strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    charset = parameters.strip()
    if "charset" in charset.lower() and not _CHARSET.search(charset):
        raise HTTPException(415, f"{charset} is not taken; send UTF-8")
    if encoding != "identity":
        raise HTTPException(415, f"Content-Encoding {encoding} is not taken; send it as it is")
    headers = [(name.decode("latin-1"), value) for name, value in request.headers.raw]
    if is_binary(headers) and not kind.startswith(_STRUCTURED):
        return _binary(kind, headers)
    if kind in _LINES:
        return strict_json.lines
    if kind in _JSON:
        return strict_json.values
    raise HTTPException(
        415, f"Content-Type {kind or 'is missing'}; send one of {', '.join(_JSON + _LINES[:1])}"
    )


def _binary(kind: str, headers: Headers) -> Callable[[bytes, int], list[Any]]:
    """One event: attributes in `ce-` headers, the body is its data."""
    if kind != _JSON[0]:
        detail = f"Content-Type {kind or 'is missing'}; with ce- headers the body is {_JSON[0]}"
        raise HTTPException(415, detail)

    def parse(body: bytes, _most: int) -> list[Any]:
        try:
            return [event_of_request(body, headers)]
        except Rejected as rejected:
            return [rejected]

    return parse


def _size(request: Request) -> int:
    """The body's size as announced, else as much as it may grow."""
    length = request.headers.get("content-length", "")
    size = int(length[:20]) if length.isdecimal() else MOST_BYTES
    if size > MOST_BYTES:
        raise _too_big()
    return size


def _too_big() -> HTTPException:
    return HTTPException(413, f"the body is over {MOST_BYTES} bytes; send fewer events at once")


async def _read(request: Request) -> bytes:
    """The body, and never more of it than is allowed."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise _too_big()
    except TimeoutError as error:
        raise HTTPException(408, f"the body took over {BODY_SECONDS:.0f} s") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the body was cut off") from error
    return bytes(body)


def _body() -> dict[str, Any]:
    many = {"type": "array", "items": _EVENT, "maxItems": MOST_EVENTS}
    content: dict[str, Any] = {kind: {"schema": {"oneOf": [_EVENT, many]}} for kind in _JSON}
    content[_JSON[0]] = {"schema": {"anyOf": [_EVENT, many, _DATA]}}
    content |= {_LINES[0]: {"schema": {"type": "string", "description": "One CloudEvent a line."}}}
    parameters = [
        {
            "name": f"ce-{name}",
            "in": "header",
            "required": False,
            "description": f"Binary mode: `{name}` of the event, percent-encoded UTF-8.",
            "schema": {"type": "string"},
        }
        for name in _EVENT["required"]
        if name != "data"
    ]
    return {"parameters": parameters, "requestBody": {"required": True, "content": content}}
