"""How much is in hand at once, by weight: HTTP is turned away when it is full, the bus waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from crosstie.errors import Transient


class Full(Transient):
    """There is no room now."""


class Room:
    """Holds `most`; whoever waits goes before whoever does not."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._waiting = 0
        self._left = asyncio.Event()

    @contextlib.contextmanager
    def held(self, weight: int) -> Iterator[None]:
        """Room for `weight` within the block. Raises Full."""
        if self._waiting or not self._fits(weight):
            raise Full(f"{self._held} of {self._most} are in hand")
        with self._counted(weight):
            yield

    @contextlib.asynccontextmanager
    async def held_in_turn(self, weight: int) -> AsyncIterator[None]:
        """Room for `weight` within the block, once there is."""
        self._waiting += 1
        try:
            while not self._fits(weight):
                await self._changed()
        finally:
            self._waiting -= 1
        with self._counted(weight):
            yield

    async def empty(self) -> None:
        """Returns once nothing is in hand."""
        while self._held:
            await self._changed()

    def _fits(self, weight: int) -> bool:
        """What is heavier than the room goes in alone."""
        return self._held == 0 or self._held + weight <= self._most

    async def _changed(self) -> None:
        self._left.clear()
        await self._left.wait()

    @contextlib.contextmanager
    def _counted(self, weight: int) -> Iterator[None]:
        self._held += weight
        try:
            yield
        finally:
            self._held -= weight
            self._left.set()
