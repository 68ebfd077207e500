"""A line to PostgreSQL that can go silent: it stays up, takes what is sent, and nothing comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import make_url


@dataclass
class Line:
    """`url` leads over the line; what comes while it is `silent` never arrives."""

    url: str = ""
    silent: bool = False
    ends: list[asyncio.StreamWriter] = field(default_factory=list)

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        self.ends.append(target)
        with contextlib.suppress(OSError):
            while some := await source.read(65536):
                if not self.silent:
                    target.write(some)
            target.close()


@contextlib.asynccontextmanager
async def between(url: str) -> AsyncIterator[Line]:
    """A line to the server of `url`."""
    server, line = make_url(url), Line()
    carrying: set[asyncio.Task[None]] = set()

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = await asyncio.open_connection(server.host, server.port)
        for source, target in ((reader, ends[1]), (ends[0], writer)):
            carrying.add(asyncio.create_task(line.carry(source, target)))

    listening = await asyncio.start_server(join, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()
    line.url = server.set(host=host, port=port).render_as_string(hide_password=False)
    try:
        yield line
    finally:
        listening.close()
        for each in carrying:
            each.cancel()
        for end in line.ends:
            end.close()
