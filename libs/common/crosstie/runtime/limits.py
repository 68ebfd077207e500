"""What one request may cost, whichever service it reaches: headers, body, time; and how many at once.

An ASGI middleware around each service's routes. Probes and metrics pass whatever else is in hand.
How long a connection may take to say what it wants: `connections.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from crosstie.door.faults import of_errors
from crosstie.runtime.lengths import wrong
from crosstie.settings import Settings

MOST_BODY_BYTES = 1024 * 1024
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 * 1024
MOST_TARGET_BYTES = 4 * 1024
BODY_SECONDS = 30.0  # from the end of the headers to the end of the body
RETRY_AFTER_SECONDS = 2
_ALWAYS = ("/health/live", "/health/ready", "/metrics")

_ANSWERS = {
    400: "Content-Length is no number, or contradicts another, or Transfer-Encoding.",
    408: f"The body took over {BODY_SECONDS:.0f} seconds.",
    413: f"The body is over {MOST_BODY_BYTES // 1024**2} MiB.",
    414: f"Path and query are over {MOST_TARGET_BYTES // 1024} KiB.",
    422: "A part of the path or the query is not what it may be: `detail` says which.",
    431: f"Over {MOST_HEADERS} headers, or {MOST_HEADER_BYTES // 1024} KiB of them.",
}

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


def limit(api: FastAPI, settings: Settings) -> FastAPI:
    """`api` with these limits around it, and its words for what is wrong in a request."""
    # behind TLS that another ends, a redirect would lead to http://, and the key follow it in plain
    api.router.redirect_slashes = False
    api.add_middleware(Limits, most=settings.http_requests)
    api.add_exception_handler(RequestValidationError, _mistaken)
    return api


def documented(problem: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What these limits answer to any request, for the OpenAPI document of a route."""
    return {
        status: {"model": problem, "description": description}
        for status, description in _ANSWERS.items()
    }


class Limits:
    """Answers what is too much by itself: 408, 413, 414, 429 and 431; 400 for a wrong length."""

    def __init__(self, app: App, most: int) -> None:
        self._app = app
        self._most = most
        self._in_hand = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
        elif (problem := _too_much(scope)) is not None:
            await problem(scope, receive, send)
        elif self._in_hand >= self._most:
            detail = (
                f"{self._in_hand} requests are in hand, the most there may be; come again later"
            )
            await _problem(429, detail, {"Retry-After": str(RETRY_AFTER_SECONDS)})(
                scope, receive, send
            )
        else:
            self._in_hand += 1
            try:
                await self._app(scope, _Body(receive).received, send)
            finally:
                self._in_hand -= 1


class _Body:
    """A request's body as it comes in: never over the limit, and not for longer than it may."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self._more = True
        self._until = asyncio.get_running_loop().time() + BODY_SECONDS

    async def received(self) -> Message:
        """The next part. Raises what FastAPI answers with 408 or 413."""
        if not self._more:  # only the client's leaving may still come: for as long as it takes
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError as error:
            detail = (
                f"the body took over {BODY_SECONDS:.0f} s; send less at once, or send it faster"
            )
            raise HTTPException(408, detail, {"Connection": "close"}) from error
        self._more = message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > MOST_BODY_BYTES:
            detail = f"the body is {self._size} bytes or more, at most {MOST_BODY_BYTES}; send less at once"
            raise HTTPException(413, detail)
        return message


def _too_much(scope: Message) -> JSONResponse | None:
    """What is over a limit before the body is read."""
    headers = scope["headers"]
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if target > MOST_TARGET_BYTES:
        return _problem(
            414, f"the target is {target} bytes, at most {MOST_TARGET_BYTES}; shorten it"
        )
    if len(headers) > MOST_HEADERS:
        return _problem(431, f"{len(headers)} headers, at most {MOST_HEADERS}; send fewer")
    size = sum(len(name) + len(value) for name, value in headers)
    if size > MOST_HEADER_BYTES:
        return _problem(431, f"{size} bytes of headers, at most {MOST_HEADER_BYTES}; send fewer")
    lengths = [value for name, value in headers if name == b"content-length"]
    if lengths and any(name == b"transfer-encoding" for name, _ in headers):
        # whoever passed it on may have cut it at the other: what follows is nobody's (RFC 9112 6.3)
        detail = "Content-Length and Transfer-Encoding contradict each other; send one of them"
        return _problem(400, detail, {"Connection": "close"})
    refused = wrong(lengths, MOST_BODY_BYTES)
    return None if refused is None else _problem(*refused)


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


async def _mistaken(_: Request, error: Exception) -> JSONResponse:
    """422 in the words of our other refusals; FastAPI's would repeat all that was sent."""
    assert isinstance(error, RequestValidationError)
    first = of_errors(error.errors(), "", "see the OpenAPI document of this service")
    detail = "; ".join(map(str, (first, *first.others)))
    return _problem(422, detail.encode(errors="replace").decode())
