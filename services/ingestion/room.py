"""How much is in hand at once, by weight: HTTP is turned away when it is full, the bus waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator

from crosstie.errors import Transient


class Full(Transient):
    """There is no room now."""


class Room:
    """Holds `most`; whoever waits goes before whoever does not, in the order in which they came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._left = asyncio.Event()

    @contextlib.contextmanager
    def held(self, weight: int) -> Iterator[None]:
        """Room for `weight` within the block. Raises Full."""
        if any(not turn.cancelled() for _, turn in self._waiting) or not self._fits(weight):
            raise Full(f"{self._held} of {self._most} are in hand")
        self._held += weight
        try:
            yield
        finally:
            self._leave(weight)

    @contextlib.asynccontextmanager
    async def held_in_turn(
        self, weight: int, patience_seconds: float | None = None
    ) -> AsyncIterator[None]:
        """Room for `weight` within the block, once there is. Raises Full when patience ends first."""
        await self._entered(weight, patience_seconds)
        try:
            yield
        finally:
            self._leave(weight)

    async def empty(self) -> None:
        """Returns once nothing is in hand."""
        while self._held:
            self._left.clear()
            await self._left.wait()

    async def _entered(self, weight: int, patience_seconds: float | None) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((weight, turn))
        self._let_in()
        try:
            async with asyncio.timeout(patience_seconds):
                await turn
        except BaseException as error:
            if turn.cancelled():  # by whoever cancelled us, in whose stead others go in
                self._let_in()
            else:  # it was let in at the same moment
                self._leave(weight)
            if isinstance(error, TimeoutError):
                raise Full(f"no room within {patience_seconds:g} s") from error
            raise

    def _let_in(self) -> None:
        while self._waiting:
            weight, turn = self._waiting[0]
            if not turn.cancelled():
                if not self._fits(weight):
                    return
                self._held += weight
                turn.set_result(None)
            self._waiting.popleft()

    def _fits(self, weight: int) -> bool:
        """What is heavier than the room goes in alone."""
        return self._held == 0 or self._held + weight <= self._most

    def _leave(self, weight: int) -> None:
        self._held -= weight
        self._left.set()
        self._let_in()
