from __future__ import annotations

import asyncio
import socket

from crosstie.runtime.listening import listening


async def test_what_is_sent_waits_for_no_acknowledgement() -> None:
    asked = asyncio.get_running_loop().create_future()

    async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine: socket.socket = writer.get_extra_info("socket")
        asked.set_result(mine.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    bound = listening("127.0.0.1", 0)
    async with await asyncio.start_server(met, sock=bound):
        _, writer = await asyncio.open_connection(*bound.getsockname())
        assert await asked != 0
        writer.close()
        await writer.wait_closed()
