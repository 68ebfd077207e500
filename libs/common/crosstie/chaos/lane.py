"""One HTTP connection of a flood: cheaper than a client's pool, or it is the client that is flooded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from time import monotonic
from typing import Self

import h11

FAILURES = (OSError, h11.RemoteProtocolError)  # to answer; TimeoutError is one of them
ANSWER_SECONDS = 50.0  # the door gives a body 30 s, and itself 20 s from there
_IDLE_SECONDS = 30.0  # well before the door hangs up: else we might just write
_READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered, and when: seconds from the first byte of the request to the last of this."""

    status: int
    content: bytes
    seconds: float


class Lane:
    """A connection that asks one thing after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT)
        self._since = monotonic()  # the last answer

    @classmethod
    async def opened(cls, host: str, port: int) -> Self:
        """Connected. Raises OSError."""
        async with asyncio.timeout(ANSWER_SECONDS):
            return cls(*await asyncio.open_connection(host, port))

    @property
    def usable(self) -> bool:
        """Whether a further request may be sent."""
        gone = self._reader.at_eof() or self._writer.is_closing()
        idle = self._http.our_state is h11.IDLE and monotonic() - self._since < _IDLE_SECONDS
        return idle and not gone

    def close(self) -> None:
        """No more."""
        self._writer.close()

    async def post(self, request: h11.Request, content: bytes) -> Answer:
        """What is answered; read while we send, for it may come early. Raises one of FAILURES."""
        begun = monotonic()
        try:
            for said in (request, h11.Data(data=content), h11.EndOfMessage()):
                self._writer.write(self._http.send(said) or b"")
            async with asyncio.timeout(ANSWER_SECONDS):
                status, answered = await self._answer()
        finally:
            if self._http.their_state is not h11.DONE:
                self._writer.close()
        self._since = monotonic()
        if self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        return Answer(status, answered, self._since - begun)

    async def _answer(self) -> tuple[int, bytes]:
        status, parts = 0, list[bytes]()
        while not isinstance(heard := await self._heard(), h11.EndOfMessage):
            if isinstance(heard, h11.Response):
                status = heard.status_code
            elif isinstance(heard, h11.Data):
                parts.append(bytes(heard.data))
        return status, b"".join(parts)

    async def _heard(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_READ_BYTES))
        return event
