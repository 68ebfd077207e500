"""The proxy passes bytes both ways; cut, it ends connections; silent, it keeps bytes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from crosstie.chaos.proxy import Proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line.upper())
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    between = Proxy(server.sockets[0].getsockname()[1])
    await between.start()
    yield between
    await between.stop()
    server.close()


class Client:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def says(self, line: bytes) -> None:
        self._writer.write(line)
        await self._writer.drain()

    async def hears(self) -> bytes:
        """A line, or nothing at the end of the connection."""
        try:
            return await self._reader.readline()
        except ConnectionResetError:
            return b""

    def leave(self) -> None:
        self._writer.close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[Client]:
    made = await connected(proxy)
    yield made
    made.leave()


async def connected(proxy: Proxy) -> Client:
    return Client(*await asyncio.open_connection("127.0.0.1", proxy.port))


async def test_bytes_pass_both_ways_also_slowly(proxy: Proxy, client: Client) -> None:
    await client.says(b"one\n")
    assert await client.hears() == b"ONE\n"
    proxy.delay_seconds = 0.01
    await client.says(b"two\n")
    assert await client.hears() == b"TWO\n"


async def test_a_cut_ends_connections_and_new_ones_too_until_it_is_mended(
    proxy: Proxy, client: Client
) -> None:
    await client.says(b"one\n")
    assert await client.hears() == b"ONE\n"
    proxy.cut()
    assert await client.hears() == b""
    refused = await connected(proxy)
    assert await refused.hears() == b""
    refused.leave()
    proxy.mend()
    again = await connected(proxy)
    await again.says(b"two\n")
    assert await again.hears() == b"TWO\n"
    again.leave()


async def test_a_silent_proxy_keeps_bytes_back_and_loses_none(proxy: Proxy, client: Client) -> None:
    await client.says(b"one\n")
    assert await client.hears() == b"ONE\n"
    proxy.silence()
    await client.says(b"two\n")
    hearing = asyncio.ensure_future(client.hears())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not hearing.done()
    proxy.mend()
    assert await hearing == b"TWO\n"


async def test_a_server_that_is_gone_ends_the_connection(proxy: Proxy) -> None:
    proxy.target = 1
    alone = await connected(proxy)
    assert await alone.hears() == b""
    alone.leave()
