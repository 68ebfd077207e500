"""Slow, silent, greedy and broken clients on a socket: each is answered or let go, in time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from crosstie.runtime import connections, limits
from crosstie.runtime.service import _http
from crosstie.settings import Settings

HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
WHOLE = HEAD + b"Content-Length: 2\r\n\r\nhi"
LARGE = 64 * 1024 * 1024  # more than the sockets of both ends hold


@pytest.fixture
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    most = getattr(request, "param", 100)
    settings = Settings(
        kafka_bootstrap="localhost:9092",
        database_url="postgresql://localhost/x",
        http_connections=most,
        http_requests=2,
    )
    api = FastAPI()

    @api.post("/echo")
    async def echo(request: Request) -> Response:
        return Response(await request.body())

    @api.post("/much")
    async def much() -> Response:
        return Response(bytes(LARGE))

    async with _http(limits.limit(api, settings), settings) as port:
        yield port


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        assert isinstance(writer.transport, asyncio.Transport)
        self.transport = writer.transport

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> bytes:
        """One answer with its body."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head + await self.reader.readexactly(length)

    async def gone(self) -> bytes:
        """All that comes until the server hangs up."""
        with contextlib.suppress(ConnectionResetError):
            return await self.reader.read()
        return b""


@contextlib.asynccontextmanager
async def connected(port: int, **more: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **more)
    try:
        async with asyncio.timeout(60):
            yield Client(reader, writer)
    finally:
        writer.transport.abort()


async def test_who_says_nothing_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.1)
    async with connected(port) as client:
        assert await client.gone() == b""


@pytest.mark.parametrize("before", [b"", WHOLE], ids=["first", "second"])
async def test_headers_that_never_end_are_answered_408(
    port: int, monkeypatch: pytest.MonkeyPatch, before: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    async with connected(port) as client:
        client.say(before + HEAD[:-2])
        said = await client.gone()
        assert said.count(b" 200 ") == (before != b"")
        assert b" 408 " in said
        assert b"headers took over" in said


async def test_a_body_that_trickles_is_answered_408(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    async with connected(port) as client:
        client.say(HEAD + b"Content-Length: 1000\r\n\r\nh")
        said = await client.gone()
        assert b" 408 " in said
        assert b"the body took over" in said


async def test_who_does_not_read_the_answer_is_let_go(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = asyncio.Event()
    leave = connections.Connection.connection_lost

    def left(connection: connections.Connection, error: Exception | None) -> None:
        leave(connection, error)
        lost.set()

    monkeypatch.setattr(connections.Connection, "connection_lost", left)
    monkeypatch.setattr(connections, "TAKEN_SECONDS", 0.1)
    async with connected(port) as client:
        client.transport.pause_reading()
        client.say(b"POST /much HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await lost.wait()
        client.transport.resume_reading()
        assert len(await client.gone()) < LARGE


LARGE_BODY = HEAD + b"Content-Length: %d\r\n" % LARGE


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (LARGE_BODY + b"Connection: close\r\n\r\n", 413),
        (LARGE_BODY + b"\r\n", 413),
        (HEAD + b"X: ", 400),
    ],
    ids=["hung up on", "kept", "malformed"],
)
async def test_who_is_answered_early_may_say_all_and_gets_the_answer(
    port: int, head: bytes, status: int
) -> None:
    async with connected(port) as client:
        client.transport.pause_reading()  # as clients do that send first, and then read
        client.say(head + b"x" * LARGE)
        await client.writer.drain()
        client.transport.resume_reading()
        assert (await client.answer()).startswith(b"HTTP/1.1 %d " % status)


async def test_the_rest_of_a_request_answered_early_is_not_taken_for_the_next_ones_head(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.4)
    async with connected(port) as client:
        client.say(LARGE_BODY + b"\r\n")
        assert b" 413 " in await client.answer()
        client.say(bytes(LARGE) + WHOLE + LARGE_BODY + b"\r\n")
        assert b" 200 " in await client.answer()
        assert b" 413 " in await client.answer()
        client.say(bytes(LARGE))
        assert await client.gone() == b""


async def test_who_never_ends_a_request_that_is_answered_is_let_go(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "REST_SECONDS", 0.1)
    for close in (b"", b"Connection: close\r\n"):
        async with connected(port) as client:
            client.say(LARGE_BODY + close + b"\r\nh")
            assert b" 413 " in await client.answer()
            assert await client.gone() == b""


@pytest.mark.parametrize("port", [10], indirect=True)
async def test_too_many_connections_cost_the_oldest_without_a_request(port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(connected(port))
        busy = await stack.enter_async_context(connected(port))
        busy.say(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert b" 100 " in await busy.reader.readuntil(b"\r\n\r\n")
        clients = [await stack.enter_async_context(connected(port)) for _ in range(9)]
        assert await first.gone() == b""
        clients[-1].say(WHOLE)
        assert b" 200 " in await clients[-1].answer()
        busy.say(b"hi")
        assert (await busy.answer()).endswith(b"hi")


@pytest.mark.parametrize("port", [10], indirect=True)
async def test_connections_that_come_all_at_once_are_no_more_than_may_be(port: int) -> None:
    with contextlib.ExitStack() as stack:
        burst = [stack.enter_context(socket.socket()) for _ in range(100)]
        for each in burst:  # the loop, which is the server's as well, does not turn meanwhile
            each.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                each.connect(("127.0.0.1", port))
        async with connected(port) as last:
            last.say(WHOLE)
            assert b" 200 " in await last.answer()
        assert sum(map(is_open, burst)) == 9


def is_open(client: socket.socket) -> bool:
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


async def test_more_requests_than_may_be_in_hand_are_told_to_come_again(port: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connected(port)) for _ in range(3)]
        for each in clients[:2]:
            each.say(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            assert b" 100 " in await each.reader.readuntil(b"\r\n\r\n")
        clients[2].say(WHOLE)
        said = await clients[2].answer()
        assert b" 429 " in said
        assert b"retry-after: 2" in said
        clients[0].say(b"hi")
        assert b" 200 " in await clients[0].answer()
        clients[2].say(WHOLE)
        assert b" 200 " in await clients[2].answer()


REFUSED = [
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),  # TLS
    (b"GET\r\n\r\n", 400),
    (HEAD + b"Content-Length: -1\r\n\r\n", 400),
    (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi", 400),
    (HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", 413),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    (HEAD + b"X: \x00\r\n\r\n", 400),
    (HEAD + b"X" * 40_000, 400),
    (HEAD + b"X: 1\r\n" * 101 + b"Content-Length: 0\r\n\r\n", 431),
    (HEAD + b"X: 1\r\n" * 5_000 + b"Content-Length: 0\r\n\r\n", 431),
    (HEAD + b"X: " + b"x" * 32_768 + b"\r\nContent-Length: 0\r\n\r\n", 431),
    (b"GET /" + b"x" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (HEAD + b"Content-Length: 1048577\r\n\r\n", 413),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n%b\r\n" % bytes(65_536) * 17, 413),
]


async def test_what_is_no_request_or_too_much_is_refused(port: int) -> None:
    for said, status in REFUSED:
        async with connected(port) as client:
            client.say(said)
            answer = await client.answer()
            assert answer.startswith(b"HTTP/1.1 %d " % status), (said[:300], answer[:300])
            assert b'"detail":' in answer


ANSWERED = [
    (b"POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", 1),
    (WHOLE * 3, 3),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 1),
    (HEAD + b"Content-Length: 2\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhi", 1),
]


async def test_every_way_of_http_1_is_answered(port: int) -> None:
    for said, answers in ANSWERED:
        async with connected(port) as client:
            client.say(said)
            for _ in range(answers):
                answer = await client.answer()
                assert b" 200 " in answer
                assert answer.endswith(b"hi")


async def test_a_body_longer_than_announced_is_a_request_of_its_own_and_none(port: int) -> None:
    async with connected(port) as client:
        client.say(WHOLE + b"gh\r\n\r\n")
        said = await client.gone()
        assert (said.count(b" 200 "), said.count(b" 400 ")) == (1, 1)


async def test_a_request_with_two_lengths_is_refused_and_nothing_after_it_is_read(
    port: int,
) -> None:
    both = HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    async with connected(port) as client:
        client.say(both + WHOLE)
        answers = await client.gone()
    assert answers.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Length and Transfer-Encoding" in answers
    assert answers.count(b"HTTP/1.1") == 1


async def test_no_redirect_leads_a_key_elsewhere(port: int) -> None:
    async with connected(port) as client:
        client.say(WHOLE.replace(b"/echo", b"/echo/"))
        assert (await client.answer()).startswith(b"HTTP/1.1 404 ")
