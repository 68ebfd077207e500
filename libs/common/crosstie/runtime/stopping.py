"""Stopping an aiokafka client so that neither its hanging nor its cancelled tasks reach the caller.

aiokafka 0.14: `AIOKafkaConsumer.stop()` awaits fetches that it has just cancelled, so it raises
CancelledError after a broker crash, and whoever called it seems to have been cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Protocol

LIMIT_SECONDS = 10.0


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
