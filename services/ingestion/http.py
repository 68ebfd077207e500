"""`POST /v1/events`: one CloudEvent (structured or binary), an array, or NDJSON; an answer for each."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from crosstie.door.arrival import Arrival, Forbidden, named
from crosstie.door.faults import MOST_FAULTS
from crosstie.errors import Rejected, Transient
from crosstie.instants import now
from crosstie.runtime.auth import Keys, platform_of
from crosstie.runtime.limits import MOST_BODY_BYTES, RETRY_AFTER_SECONDS, documented
from crosstie.runtime.reach import SERVERS
from crosstie.runtime.shares import Over, Shares
from services.ingestion import body
from services.ingestion.door import count, judged, settled
from services.ingestion.intake import MOST_ENTRIES, Intake, weight
from services.ingestion.room import Full, Room

MOST_BYTES_IN_HAND = 32 * MOST_BODY_BYTES  # of all bodies; what is kept of one is as much again
MOST_BYTES_OF_ONE = MOST_BYTES_IN_HAND // 2  # platform: that sends slowly leaves room for others
MOST_BYTES_AT_WORK = (
    MOST_BODY_BYTES // 2
)  # of bodies that are read and logged at once; one at least
TURN_SECONDS = 5.0  # from the body to the work; who does not come to it by then is turned away
DEADLINE_SECONDS = 20.0  # from the body to an answer


class Fault(BaseModel):
    """Something that is wrong with an event."""

    pointer: str = Field(description="JSON pointer into the event.")
    value: str = Field(description="What stood there, shortened; of text in `data` its length.")
    limit: str = Field(description="What is allowed.")
    remedy: str = Field(description="What to do.")


class Result(BaseModel):
    """What became of one event; `pointer`, `value`, `limit` and `remedy` say why not."""

    index: int = Field(description="Place in the request, from 0.")
    id: str | None = Field(description="The event's id, where it has a usable one.")
    status: Literal["accepted", "rejected"]
    pointer: str | None = Field(None, description="JSON pointer into the event.")
    value: str | None = Field(None, description="What stood there, shortened.")
    limit: str | None = Field(None, description="What is allowed.")
    remedy: str | None = Field(None, description="What to do.")
    others: list[Fault] | None = Field(
        None, description=f"What else is wrong with it, {MOST_FAULTS - 1} faults at most."
    )


class Answer(BaseModel):
    """Accepted events are in the log, acknowledged by every replica in sync."""

    accepted: int
    rejected: int
    results: list[Result]


class Problem(BaseModel):
    """Why nothing of the request was taken in."""

    detail: str


_PROBLEMS: dict[int | str, dict[str, Any]] = documented(Problem) | {
    400: {
        "model": Problem,
        "description": "The body was cut off or is not compressed as it says, or Content-Length "
        "is no number or contradicts another.",
    },
    401: {"model": Problem, "description": "No API key, or a wrong one."},
    403: {
        "model": Answer | Problem,
        "description": "Every event is another platform's to send (`results` says why of each); or "
        "the key may not write (`detail`).",
    },
    413: {
        "model": Problem,
        "description": "Over 1 MiB as sent or once opened, 1,000 events, or 20,000 after splitting.",
    },
    415: {"model": Problem, "description": "Not JSON or NDJSON in UTF-8, plain, gzip or zstd."},
    422: {"model": Answer, "description": "No event was accepted."},
    429: {
        "model": Problem,
        "description": "Too many requests of this key, or too much in hand; wait for Retry-After.",
    },
    503: {"model": Problem, "description": "Kafka or PostgreSQL is away; wait for Retry-After."},
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
    unready: Mapping[str, str] = {}

    @property
    def away(self) -> bool:
        """Whether Kafka or PostgreSQL is known not to answer."""
        return not self.unready.keys().isdisjoint(SERVERS)


def router(keys: Keys, to: Intakes) -> APIRouter:
    """The routes of ingestion."""
    api = APIRouter(tags=["events"])
    bodies, work = Shares(MOST_BYTES_OF_ONE, MOST_BYTES_IN_HAND), Room(MOST_BYTES_AT_WORK)
    reading = asyncio.Lock()

    @api.post(
        "/v1/events",
        status_code=202,
        response_model=Answer,
        responses=_PROBLEMS,
        openapi_extra=_bodies(),
        dependencies=[Depends(platform_of(keys, "write"))],
    )
    async def post_events(request: Request) -> JSONResponse:
        """Send events: at most 1,000 at once, 1 MiB, and 20,000 once gatherings are split."""
        parse, packed = body.parser(request), body.encoding(request)
        platform, most = request.state.caller.platform, body.most(request, packed)
        with _turned_away(to), bodies.held(platform.name, most):
            sent = await body.read(request)
            until = asyncio.get_running_loop().time() + DEADLINE_SECONDS
            # unread until its turn: what is turned away shall cost little, and so shall what waits
            async with work.held_in_turn(body.likely(sent, packed), TURN_SECONDS):
                async with reading:
                    events = body.events(sent, parse, packed)
                    at = now()
                    ids = [named(each) for each in events]
                    results = [judged(each, platform, at) for each in events]
                    del events  # may be thirty times the body, and storing takes its time
                    await asyncio.sleep(0)  # probes are answered between any two
                reasons = settled(results, await _taken(results, to.intake, until))
                count("http", platform.name, reasons)
                return _answer(ids, reasons)

    return api


async def _taken(
    results: Sequence[Arrival | Rejected], intake: Intake | None, until: float
) -> list[Rejected | None]:
    arrivals = [each for each in results if isinstance(each, Arrival)]
    entries = weight(arrivals)
    if entries > MOST_ENTRIES:
        detail = f"{entries} events once gatherings are split, at most {MOST_ENTRIES}; send fewer"
        raise HTTPException(413, detail)
    return await _logged(intake, arrivals, until) if arrivals else []


async def _logged(
    intake: Intake | None, arrivals: Sequence[Arrival], until: float
) -> list[Rejected | None]:
    if intake is None:
        raise _later("Kafka or PostgreSQL was not reached yet, or we are leaving; try again")
    try:
        with intake.room.held(weight(arrivals)):
            async with asyncio.timeout_at(until):
                return await intake.take(arrivals)
    except Full:
        raise
    except (Transient, TimeoutError) as error:
        detail = f"not stored for certain ({type(error).__name__}); send the same again"
        raise _later(detail) from error


@contextlib.contextmanager
def _turned_away(to: Intakes) -> Iterator[None]:
    """429 where there is too much of it, 503 where that is only because a server is away."""
    try:
        yield
    except (Full, Over) as error:
        detail = "too much is in hand; nothing of this was stored, send it again"
        raise _later(detail, 503 if to.away else 429) from error


def _later(detail: str, status: int = 503) -> HTTPException:
    return HTTPException(status, detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})


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
    others = {"others": [_fault(each) for each in reason.others]} if reason.others else {}
    return result | {"status": "rejected"} | _fault(reason) | others


def _fault(reason: Rejected) -> dict[str, str]:
    return {
        "pointer": reason.pointer,
        "value": reason.value,
        "limit": reason.limit,
        "remedy": reason.remedy,
    }


def _bodies() -> dict[str, Any]:
    many = {"type": "array", "items": _EVENT, "maxItems": body.MOST_EVENTS}
    content: dict[str, Any] = {kind: {"schema": {"oneOf": [_EVENT, many]}} for kind in body.JSON}
    content[body.JSON[0]] = {"schema": {"anyOf": [_EVENT, many, _DATA]}}
    content |= {
        body.LINES[0]: {"schema": {"type": "string", "description": "One CloudEvent a line."}}
    }
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
