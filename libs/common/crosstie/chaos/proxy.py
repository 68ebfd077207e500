"""A TCP proxy on a loopback port that can be slow, silent or cut: what networks do to connections."""

from __future__ import annotations

import asyncio
import contextlib

_CHUNK = 256 * 1024


class Proxy:
    """Passes bytes on to `target` (a loopback port), for as long as it is not cut."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.delay_seconds = 0.0  # before each chunk, either way
        self._cut = False
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where to connect."""
        assert self._server is not None, "not started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self, port: int = 0) -> None:
        """Listen on `port`, by default a free one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)

    async def stop(self) -> None:
        """End every connection, and listen no more."""
        if self._server is not None:
            self._server.close()
        self._end_all()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self) -> None:
        """End every connection, and every new one at once, until `mend`."""
        self._cut = True
        self._end_all()

    def silence(self) -> None:
        """Pass nothing on, and end nothing, until `mend`: nobody hears that the others are gone."""
        self._flowing.clear()

    def mend(self) -> None:
        """As it was."""
        self._cut, self.delay_seconds = False, 0.0
        self._flowing.set()

    def _end_all(self) -> None:
        for each in self._open:
            each.transport.abort()  # a reset, as a router that forgot the connection sends

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        try:
            await self._connected(reader, writer)
        finally:
            self._passing.discard(task)
            self._leave(writer)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if self._cut:
            return
        try:
            there, onward = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            return  # the server is down: so are we
        self._open.add(onward)
        try:
            ways = (self._pass(reader, onward), self._pass(there, writer))
            passing = [asyncio.ensure_future(each) for each in ways]
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
            for each in passing:
                each.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
        finally:
            self._leave(onward)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        with contextlib.suppress(OSError):
            writer.close()
