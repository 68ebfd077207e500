"""Stopping what may hang: an aiokafka client, or a task that waits for a server that is silent.

aiokafka 0.14: `AIOKafkaConsumer.stop()` awaits fetches that it has just cancelled, so it raises
CancelledError after a broker crash, and whoever called it seems to have been cancelled.

asyncpg 0.31: a cancelled query waits in each of its clean-ups (roll back, give the connection back)
until the server answers: every one of them is to be cancelled, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol

LIMIT_SECONDS = 10.0
_AGAIN_SECONDS = 0.5


class Stoppable(Protocol):
    """A consumer or producer."""

    def stop(self) -> Awaitable[None]: ...


async def stop(client: Stoppable, limit_seconds: float = LIMIT_SECONDS) -> bool:
    """Stop it, or give it up after `limit_seconds`; only the caller's own cancellation is raised.

    False when it was given up, or failed to stop: part of it may live on.
    """
    stopping = asyncio.ensure_future(client.stop())
    await asyncio.wait((stopping,), timeout=limit_seconds)
    if not stopping.done():
        stopping.cancel()
        return False
    return stopping.cancelled() or stopping.exception() is None


async def cut_short(task: asyncio.Future[Any], limit_seconds: float) -> bool:
    """Cancel it again and again until it ended; False when it goes on after `limit_seconds`."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_seconds
    while not task.done() and (left := deadline - loop.time()) > 0:
        task.cancel()
        await asyncio.wait((task,), timeout=min(_AGAIN_SECONDS, left))
    return task.done()
