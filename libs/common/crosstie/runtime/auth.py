"""Who calls: the platform of an API key, the one check that all three services' HTTP share."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crosstie import registry
from crosstie.errors import DatabaseAway
from crosstie.registry import Key, Platform
from crosstie.runtime.database import transient

__all__ = ["Keys", "Platform", "platform_of"]

CACHED_SECONDS = 60.0
MOST_CACHED = 10_000
_DEADLINE_SECONDS = 5.0
_bearer = HTTPBearer(
    bearerFormat="ctk_<id>_<secret>",
    description="The key that `crosstie platforms add` showed once.",
    auto_error=False,
)


class Keys:
    """Looks keys up in the registry; right ones are remembered for a minute.

    Routes are built before PostgreSQL is there: give the pool later with `connect`.
    """

    def __init__(self, pool: asyncpg.Pool[Any] | None = None) -> None:
        self._pool = pool
        self._known: OrderedDict[Key, tuple[float, Platform]] = OrderedDict()

    def connect(self, pool: asyncpg.Pool[Any]) -> None:
        """Look keys up here from now on."""
        self._pool = pool

    async def platform(self, text: str) -> Platform | None:
        """The platform of the key `text`; None when it is wrong. Raises DatabaseAway."""
        key = registry.key_from(text)
        if key is None:
            return None
        until, platform = self._known.get(key, (0.0, None))
        if platform is not None and until > time.monotonic():
            return platform
        platform = await self._looked_up(key)
        if platform is not None:
            self._remember(key, platform)
        return platform

    async def _looked_up(self, key: Key) -> Platform | None:
        if self._pool is None:
            raise DatabaseAway("PostgreSQL was not reached yet")
        with transient():
            async with asyncio.timeout(_DEADLINE_SECONDS):
                return await registry.of_key(self._pool, key)

    def _remember(self, key: Key, platform: Platform) -> None:
        self._known[key] = (time.monotonic() + CACHED_SECONDS, platform)
        self._known.move_to_end(key)
        while len(self._known) > MOST_CACHED:
            self._known.popitem(last=False)


def platform_of(keys: Keys) -> Callable[..., Awaitable[Platform]]:
    """A FastAPI dependency: the calling platform, else 401; 503 while keys cannot be looked up."""

    async def dependency(
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Platform:
        if given is None:
            raise _unauthorised("send the header Authorization: Bearer ctk_...")
        try:
            platform = await keys.platform(given.credentials)
        except DatabaseAway as error:
            detail = "keys cannot be looked up now; try again"
            raise HTTPException(503, detail, {"Retry-After": "2"}) from error
        if platform is None:
            raise _unauthorised("this API key is unknown or revoked; ask the operator for one")
        return platform

    return dependency


def _unauthorised(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="crosstie"'})
