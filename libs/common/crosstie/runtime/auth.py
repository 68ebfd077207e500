"""Who calls: the platform of an API key, the one check that all three services' HTTP share."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from math import inf
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crosstie import api_keys, instants
from crosstie.api_keys import Caller, Key, Scope
from crosstie.errors import DatabaseAway
from crosstie.registry import Platform
from crosstie.runtime.buckets import Buckets
from crosstie.runtime.database import SOON_SECONDS, soon
from crosstie.runtime.shares import Over, Shares
from crosstie.settings import Settings

__all__ = ["Caller", "Keys", "Platform", "platform_of"]

FRESH_SECONDS = 3.0  # so long a key that was right is not looked up again: revoked, it ends by then
AWAY_SECONDS = 600.0  # so long it stays right while PostgreSQL cannot be asked
AGAIN_SECONDS = 1.0  # so long PostgreSQL may take to answer of a key that was right
WRONG_SECONDS = 2.0  # so long a key that was wrong is not looked up again
MOST_CACHED = 10_000
MOST_LOOK_UPS = 3  # at a time: strangers with made-up keys never hold the whole pool
_bearer = HTTPBearer(
    bearerFormat="ctk_<id>_<secret>",
    description="The key that `crosstie platforms add` or `crosstie platforms keys add` showed once.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found for a key, when that was, and when it was last asked for (monotonic)."""

    caller: Caller | None
    at: float
    asked: float


def _within(seconds: float, since: float) -> bool:
    return time.monotonic() - since < seconds


class Keys:
    """Looks keys up in the registry, and remembers them for as long as the constants above say.

    Routes are built before PostgreSQL is there: give the pool later with `connect`. `rate`: calls a
    second of a key that has none of its own; `most`: requests of one platform in hand at once.
    """

    def __init__(
        self,
        pool: asyncpg.Pool[Any] | None = None,
        pepper: bytes = b"",
        rate: float = inf,
        most: float = inf,
    ) -> None:
        self._pool = pool
        self._pepper = pepper
        self._buckets = Buckets(rate)
        self._in_hand = Shares(most)
        self._right: OrderedDict[Key, _Known] = OrderedDict()
        self._wrong: OrderedDict[Key, _Known] = OrderedDict()
        self._turns = asyncio.Semaphore(MOST_LOOK_UPS)
        self._turns_again = asyncio.Semaphore(2)

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """As settings say; of the requests that may be in hand, one platform has half at most."""
        most = max(1, settings.http_requests // 2)
        pepper = settings.api_key_pepper_bytes
        return cls(pepper=pepper, rate=settings.requests_per_second, most=most)

    def connect(self, pool: asyncpg.Pool[Any]) -> None:
        """Look keys up here from now on."""
        self._pool = pool

    async def caller(self, key: Key) -> Caller | None:
        """Who calls with `key`; None for an unknown, wrong, revoked or expired one.

        Raises DatabaseAway where that cannot be told.
        """
        known = self._fresh(key) or await self._asked(key)
        found = known.caller
        now = instants.to_datetime(instants.now())
        return found if found is not None and found.valid(now) else None

    def wait(self, caller: Caller) -> float:
        """Count a call: 0, or the seconds until its key may call again."""
        return self._buckets.wait(caller.key_id, time.monotonic(), caller.rate)

    def in_hand(self, caller: Caller) -> AbstractContextManager[None]:
        """Count a request while it is in hand. Raises Over when its platform has enough of them."""
        return self._in_hand.held(caller.platform.name)

    def _fresh(self, key: Key) -> _Known | None:
        if (right := self._right.get(key)) is not None and _within(FRESH_SECONDS, right.asked):
            return right
        if (wrong := self._wrong.get(key)) is not None and _within(WRONG_SECONDS, wrong.asked):
            return wrong
        return None

    async def _asked(self, key: Key) -> _Known:
        """Looked up, unless someone else did while it was not our turn."""
        last = self._right.get(key)
        if last is not None and _within(AWAY_SECONDS, last.at):
            return await self._asked_again(key, last)
        try:
            async with asyncio.timeout(SOON_SECONDS), self._turns:
                return self._fresh(key) or await self._looked_up(key)
        except TimeoutError as error:
            raise DatabaseAway("too many keys are looked up at once") from error

    async def _asked_again(self, key: Key, last: _Known) -> _Known:
        """The same for a key that was right: its old answer stands where there is no new one soon.

        In turns of their own: whoever makes up keys neither delays these nor keeps a revoked one alive.
        """
        try:
            async with asyncio.timeout(AGAIN_SECONDS), self._turns_again:
                return self._fresh(key) or await self._looked_up(key)
        except (TimeoutError, DatabaseAway):
            meanwhile = self._fresh(key)  # another look-up may have told more: revoked, say
            if meanwhile is not None:
                return meanwhile
            return self._remembered(key, replace(last, asked=time.monotonic()))

    async def _looked_up(self, key: Key) -> _Known:
        if self._pool is None:
            raise DatabaseAway("PostgreSQL was not reached yet")
        async with soon(self._pool) as connection:
            caller = await api_keys.caller(connection, key, self._pepper)
        now = time.monotonic()
        return self._remembered(key, _Known(caller, now, now))

    def _remembered(self, key: Key, known: _Known) -> _Known:
        """Apart, so that made-up keys never push right ones out."""
        wrong = known.caller is None
        memory, other = (self._wrong, self._right) if wrong else (self._right, self._wrong)
        other.pop(key, None)
        memory[key] = known
        memory.move_to_end(key)
        while len(memory) > MOST_CACHED:
            memory.popitem(last=False)
        return known


def platform_of(keys: Keys, scope: Scope = "read") -> Callable[..., AsyncIterator[Platform]]:
    """A FastAPI dependency: the calling platform, else 401; 403 for a key without `scope`.

    429 for one that calls too often or has too much in hand, 503 while keys cannot be looked up.
    `request.state.caller` is the caller from then on.
    """

    async def dependency(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> AsyncIterator[Platform]:
        if given is None:
            raise _unauthorised("send the header Authorization: Bearer ctk_...")
        try:
            key = api_keys.key_from(given.credentials)
            caller = await keys.caller(key) if key is not None else None
        except DatabaseAway as error:
            detail = "keys cannot be looked up now; try again"
            raise HTTPException(503, detail, {"Retry-After": "2"}) from error
        if caller is None:
            raise _unauthorised(
                "this API key is unknown, expired or revoked; ask the operator for one"
            )
        if scope not in caller.scopes:
            raise HTTPException(403, f"this API key may not {scope}; ask the operator for one")
        if wait := keys.wait(caller):
            detail = "too many requests for this key; wait, and ask or send more in each"
            raise HTTPException(429, detail, {"Retry-After": str(math.ceil(wait))})
        request.state.caller = caller
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(keys.in_hand(caller))
            except Over as error:
                detail = f"too many requests of this platform at once: {error}; come again later"
                raise HTTPException(429, detail, {"Retry-After": "2"}) from error
            yield caller.platform

    return dependency


def _unauthorised(detail: str) -> HTTPException:
    return HTTPException(401, detail, {"WWW-Authenticate": 'Bearer realm="crosstie"'})
