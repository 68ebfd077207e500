"""Who calls: the platform of an API key, the one check that all three services' HTTP share."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crosstie import registry
from crosstie.errors import DatabaseAway
from crosstie.registry import Key, Platform
from crosstie.runtime.database import SOON_SECONDS, soon

__all__ = ["Keys", "Platform", "platform_of"]

CACHED_SECONDS = 60.0
WRONG_SECONDS = 2.0  # so long a key that was wrong is not looked up again
MOST_CACHED = 10_000
MOST_LOOK_UPS = 3  # at a time: strangers with made-up keys never hold the whole pool
_bearer = HTTPBearer(
    bearerFormat="ctk_<id>_<secret>",
    description="The key that `crosstie platforms add` showed once.",
    auto_error=False,
)


class Keys:
    """Looks keys up in the registry; right ones are remembered for a minute, wrong ones for 2 s.

    Routes are built before PostgreSQL is there: give the pool later with `connect`.
    """

    def __init__(self, pool: asyncpg.Pool[Any] | None = None) -> None:
        self._pool = pool
        self._right: OrderedDict[Key, tuple[float, Platform | None]] = OrderedDict()
        self._wrong: OrderedDict[Key, tuple[float, Platform | None]] = OrderedDict()
        self._turns = asyncio.Semaphore(MOST_LOOK_UPS)

    def connect(self, pool: asyncpg.Pool[Any]) -> None:
        """Look keys up here from now on."""
        self._pool = pool

    async def platform(self, key: Key) -> Platform | None:
        """The platform of `key`; None when it is unknown, wrong or revoked. Raises DatabaseAway."""
        known = self._known(key) or await self._in_turn(key)
        return known[0]

    async def _in_turn(self, key: Key) -> tuple[Platform | None]:
        """Look `key` up, unless someone else did while it was not our turn."""
        try:
            async with asyncio.timeout(SOON_SECONDS), self._turns:
                return self._known(key) or await self._looked_up(key)
        except TimeoutError as error:
            raise DatabaseAway("too many keys are looked up at once") from error

    async def _looked_up(self, key: Key) -> tuple[Platform | None]:
        if self._pool is None:
            raise DatabaseAway("PostgreSQL was not reached yet")
        async with soon(self._pool) as connection:
            platform = await registry.of_key(connection, key)
        self._remember(key, platform)
        return (platform,)

    def _known(self, key: Key) -> tuple[Platform | None] | None:
        for memory in (self._right, self._wrong):
            until, platform = memory.get(key, (0.0, None))
            if until > time.monotonic():
                return (platform,)
        return None

    def _remember(self, key: Key, platform: Platform | None) -> None:
        """Apart, so that made-up keys never push right ones out."""
        wrong = platform is None
        memory, seconds = (self._wrong, WRONG_SECONDS) if wrong else (self._right, CACHED_SECONDS)
        memory[key] = (time.monotonic() + seconds, platform)
        memory.move_to_end(key)
        while len(memory) > MOST_CACHED:
            memory.popitem(last=False)


def platform_of(keys: Keys) -> Callable[..., Awaitable[Platform]]:
    """A FastAPI dependency: the calling platform, else 401; 503 while keys cannot be looked up.

    Leaves the id of the key in `request.state.key_id`: one name, however the header spells the key.
    """

    async def dependency(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Platform:
        if given is None:
            raise _unauthorised("send the header Authorization: Bearer ctk_...")
        try:
            key = registry.key_from(given.credentials)
            platform = await keys.platform(key) if key is not None else None
        except DatabaseAway as error:
            detail = "keys cannot be looked up now; try again"
            raise HTTPException(503, detail, {"Retry-After": "2"}) from error
        if key is None or platform is None:
            raise _unauthorised("this API key is unknown or revoked; ask the operator for one")
        request.state.key_id = key.id
        return platform

    return dependency


def _unauthorised(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="crosstie"'})
