"""What a flood over HTTP counts: each request's own answer, early or not, and those that get none."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest

from crosstie.chaos.http_torrent import A_REQUEST, HttpTorrent
from crosstie.chaos.told import CloudEvent, Told

TOLD = Told("urn:flood", "flood", 5, 0)
TAKEN = b'HTTP/1.1 202 Accepted\r\nContent-Length: 14\r\n\r\n{"rejected":0}'
SHED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}"
Door = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


@contextlib.asynccontextmanager
async def flooding(door: Door) -> AsyncIterator[HttpTorrent]:
    serving = list[asyncio.Task[None]]()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            await door(reader, writer)
        writer.close()
        await writer.wait_closed()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.create_task(served(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    torrent = HttpTorrent(f"http://127.0.0.1:{port}", "key", TOLD.contacts())
    try:
        yield torrent
    finally:
        torrent.close()
        await asyncio.gather(*serving)
        server.close()


async def head(reader: asyncio.StreamReader) -> int:
    """The length of the body that follows."""
    said = await reader.readuntil(b"\r\n\r\n")
    return int(said.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


async def test_what_is_turned_away_unread_is_offered_again_on_the_same_connection() -> None:
    asked = Counter[str]()

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked["connections"] += 1
        while True:
            length = await head(reader)
            asked["requests"] += 1
            turned_away = asked["requests"] <= 3
            if turned_away:
                writer.write(SHED)
            await reader.readexactly(length)
            if not turned_away:
                writer.write(TAKEN)

    async with flooding(door) as torrent:
        await torrent.post(_some(A_REQUEST))
        assert torrent.answers == {429: 3, 202: 1}
        assert torrent.acknowledged == {TOLD.identity(n) for n in range(A_REQUEST)}
        assert not torrent.unanswered
        assert asked["connections"] == 1


@pytest.mark.parametrize("half", [b"", SHED[:-1]], ids=["nothing", "half an answer"])
async def test_who_hangs_up_has_not_answered_and_is_asked_again(half: bytes) -> None:
    asked = Counter[str]()

    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked["connections"] += 1
        said = half if asked["connections"] == 1 else TAKEN
        await reader.readexactly(await head(reader))
        writer.write(said)

    async with flooding(door) as torrent:
        await torrent.post(_some(2 * A_REQUEST))
        assert torrent.unanswered == {"RemoteProtocolError": 1}
        assert torrent.answers == {202: 2}
        assert asked["connections"] == 3


async def test_what_a_door_never_takes_is_left_when_the_time_is_over() -> None:
    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readexactly(await head(reader))
            writer.write(SHED)

    async with flooding(door) as torrent:
        await torrent.post(_some(2 * A_REQUEST), 0.1)
        assert torrent.left == 2 * A_REQUEST
        assert not torrent.acknowledged


async def test_what_was_offered_is_what_was_answered() -> None:
    async def door(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await reader.readexactly(await head(reader))
            writer.write(SHED)

    async with flooding(door) as torrent:
        poured = await torrent.pour(20 * A_REQUEST, 0.5)
        assert poured.events == A_REQUEST * torrent.answers[429] > 0


def _some(many: int) -> list[CloudEvent]:
    events = TOLD.contacts()
    return [next(events) for _ in range(many)]
