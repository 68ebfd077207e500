"""How long a client may take over a connection, and how many there may be; for uvicorn.

uvicorn itself waits for ever: for the first byte, for the rest of the headers, for a client that
reads no answer. Here each of these has a deadline. When there are too many connections, the one
that has waited longest without a request goes, so that probes and others still come through.
A client that is answered before it has said all is heard out: see `lingering.py`.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from crosstie.runtime.lengths import said, wrong
from crosstie.runtime.limits import MOST_BODY_BYTES
from crosstie.runtime.lingering import Lingering

HEAD_SECONDS = (
    10.0  # from the connection, or the first byte of a further request, to all its headers
)
# between two requests; over the 60 s of nginx and the 90 s of Go, so that the client closes what it
# does not use: were it us, its next request could be under way already, and go unanswered
IDLE_SECONDS = 100
TAKEN_SECONDS = 15.0  # from the answer to its end, taken by the client
REST_SECONDS = 30.0  # from an answer that came early to the end of the request
REQUEST_SECONDS = (
    75.0  # from the headers to the answer, taken by the client: above all that is in it
)
MOST_HEAD_BYTES = 32 * 1024

_MALFORMED = (
    f"this is no HTTP/1.1 request, or its head is over {MOST_HEAD_BYTES} bytes; "
    "send one, with fewer headers"
)
_SLOW = f"the headers took over {HEAD_SECONDS:.0f} s; send them at once"


class Connection(H11Protocol):
    """One connection with one deadline at a time; `most` is set by `bounded`."""

    most: int

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None
        self.since = 0.0  # when it began to wait for a request
        self._heard = False  # something of the next request's head
        self._head = b""  # as far as it came, while events are handled
        self._rest = False  # of a request that is answered already is still to come

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.transport = Lingering(transport, self._amid)  # type: ignore[assignment]
        self._wait()
        self._within(HEAD_SECONDS, self._slow)
        if len(self.connections) > self.most:
            others = (each for each in self.connections if isinstance(each, Connection))
            waiting = [each for each in others if each.is_waiting()]
            longest = min(waiting, key=lambda each: each.since)
            # gone from here on: more may come before the loop turns, and each takes another's place
            self.connections.discard(longest)
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():  # else it is heard out, and no more than that
            super().data_received(data)
            self._await()

    def handle_events(self) -> None:
        before = self.cycle
        # h11 keeps nothing of a head that it refuses
        if self.conn.their_state is h11.IDLE:
            self._head = self.conn.trailing_data[0][:MOST_HEAD_BYTES]
        super().handle_events()
        self._head = b""
        if self.cycle is not before and not self.is_waiting():
            self._rest = False
            self._within(REQUEST_SECONDS, self.transport.abort)

    def on_response_complete(self) -> None:
        self._wait()
        self._rest = self.conn.their_state is h11.SEND_BODY
        self._within(REST_SECONDS if self._amid() else TAKEN_SECONDS, self._untaken)
        super().on_response_complete()
        self._await()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  it never says more
        """What h11 could not read."""
        self._refuse(*wrong(said(self._head), MOST_BODY_BYTES) or (400, _MALFORMED))

    def is_waiting(self) -> bool:
        """Whether no request is in hand."""
        # None until the first request, whatever uvicorn declares
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]

    def _amid(self) -> bool:
        """Whether the client is in the middle of what it says, as far as one can see."""
        amid_request = self.conn.their_state in (h11.SEND_BODY, h11.ERROR)
        return amid_request or self.conn.trailing_data[0] != b""

    def _await(self) -> None:
        """Of the next request, if none is in hand: its head is begun, or the last one's rest over."""
        between = self.is_waiting() and self.conn.their_state is h11.IDLE
        if not between or self.transport.is_closing():
            return
        if self._amid():
            if not self._heard:
                self._unset_keepalive_if_required()
                self._heard = True
                self._within(HEAD_SECONDS, self._slow)
        elif self._rest:
            self._rest = False
            self._wait()
            self._within(IDLE_SECONDS, self.transport.close)

    def _wait(self) -> None:
        self.since = self.loop.time()
        self._heard = False

    def _within(self, seconds: float, otherwise: Any) -> None:
        self._cancel()
        self._deadline = self.loop.call_later(seconds, otherwise)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _untaken(self) -> None:
        """Go from who takes no answer, or does not come to the end of what it says."""
        if self._rest or self.transport.is_closing() or self.transport.get_write_buffer_size():
            self.transport.abort()

    def _slow(self) -> None:
        if self._heard:
            self._refuse(408, _SLOW)
        else:
            self.transport.abort()

    def _refuse(self, status: int, detail: str) -> None:
        """Answer by ourselves, where the client can still be answered, and hang up."""
        body = json.dumps({"detail": detail}).encode()
        headers = [
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("connection", "close"),
        ]
        reason = HTTPStatus(status).phrase
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            for event in (
                h11.Response(status_code=status, headers=headers, reason=reason),
                h11.Data(data=body),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event))
        self.transport.close()
        self._within(REST_SECONDS, self.transport.abort)


def bounded(most: int) -> type[Connection]:
    """The protocol of a server that has at most `most` connections."""
    return type("Connection", (Connection,), {"most": most})
