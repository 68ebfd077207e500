"""One platform that sends slowly, or much at once, leaves room for the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI, HTTPException, Request

from crosstie.api_keys import SCOPES, Caller, Key
from crosstie.registry import Platform
from crosstie.runtime.auth import Keys, platform_of
from crosstie.runtime.limits import MOST_BODY_BYTES
from crosstie.runtime.shares import Over, Shares
from services.ingestion.http import MOST_BYTES_OF_ONE, Intakes, router
from services.ingestion.room import Room

GREEDY, OTHER = "a" * 16, "b" * 16  # ids of keys, each of a platform of its own
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/platform",
    "type": "org.crosstie.member.joined.v1",
    "time": "2026-01-05T09:00:00Z",
    "data": {"member": {"authority": "members", "id": "ada"}, "consent": True},
}


class Known(Keys):
    """Everybody is known, as the platform that is called as their key."""

    async def caller(self, key: Key) -> Caller:
        platform = Platform(key.id, frozenset(["/platform"]), frozenset(["members"]))
        return Caller(key.id, platform, frozenset(SCOPES), None, None)


class Taking:
    """An intake that takes everything."""

    def __init__(self) -> None:
        self.room = Room(10)

    async def take(self, arrivals: Sequence[Any]) -> list[None]:
        return [None] * len(arrivals)


def client(api: FastAPI, key_id: str) -> httpx.AsyncClient:
    key = f"ctk_{key_id}_{'0' * 64}"
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(api),
        base_url="http://x",
        headers={"authorization": f"Bearer {key}"},
    )


async def turned(turns: int = 100) -> None:
    """Let everybody go on until they wait for something that does not come."""
    for _ in range(turns):
        await asyncio.sleep(0)


def test_a_share_is_of_each_and_what_is_heavier_goes_in_alone() -> None:
    shares = Shares(10)
    with shares.held("a", 6), shares.held("a", 4), shares.held("b", 30):
        with pytest.raises(Over), shares.held("a"):
            pass
        with pytest.raises(Over), shares.held("b"):
            pass
    with shares.held("a", 10), shares.held("b", 10):
        pass


def test_all_have_a_limit_together_of_which_nobody_can_take_the_others_share() -> None:
    shares = Shares(6, 10)
    with shares.held("a", 6), shares.held("b", 4):
        with pytest.raises(Over, match="10 of 10 are in hand"), shares.held("c"):
            pass
        with pytest.raises(Over, match="4 of 6 are in hand"), shares.held("b", 3):
            pass
    with shares.held("c", 30), pytest.raises(Over, match="30 of 10"), shares.held("a"):
        pass
    with shares.held("a", 6):
        pass


async def test_requests_of_one_platform_are_turned_away_and_those_of_others_are_not() -> None:
    api, held, in_hand = FastAPI(), asyncio.Event(), asyncio.Semaphore(0)
    keys = Known(most=2)

    @api.get("/slow", dependencies=[Depends(platform_of(keys))])
    async def slow(request: Request) -> None:
        in_hand.release()
        await held.wait()
        if request.state.caller.platform.name == OTHER:
            raise HTTPException(404)

    async with client(api, GREEDY) as greedy, client(api, OTHER) as other:
        first = [asyncio.create_task(greedy.get("/slow")) for _ in range(2)]
        for _ in first:
            await in_hand.acquire()
        turned_away = await greedy.get("/slow")
        assert turned_away.status_code == 429
        assert "2 of 2 are in hand" in turned_away.json()["detail"]
        assert int(turned_away.headers["retry-after"]) > 0
        theirs = asyncio.create_task(other.get("/slow"))
        await in_hand.acquire()
        held.set()
        assert [(await each).status_code for each in first] == [200, 200]
        assert (await theirs).status_code == 404
        assert (await greedy.get("/slow")).status_code == 200
        assert [(await other.get("/slow")).status_code for _ in range(3)] == [404] * 3


async def test_bodies_of_one_platform_that_come_slowly_hold_up_no_other() -> None:
    api, intakes, sent = FastAPI(), Intakes(), asyncio.Event()
    intakes.intake = Taking()  # type: ignore[assignment]
    api.include_router(router(Known(), intakes))
    event = json.dumps(EVENT).encode()

    async def slowly() -> AsyncIterator[bytes]:
        yield event
        await sent.wait()
        yield b" " * (MOST_BODY_BYTES - len(event))

    json_of = {"content-type": "application/json"}
    long = json_of | {"content-length": str(MOST_BODY_BYTES)}
    async with client(api, GREEDY) as greedy, client(api, OTHER) as other:
        slow = [
            asyncio.create_task(greedy.post("/v1/events", content=slowly(), headers=long))
            for _ in range(MOST_BYTES_OF_ONE // MOST_BODY_BYTES)
        ]
        await turned()
        assert (await greedy.post("/v1/events", json=EVENT)).status_code == 429
        assert (await other.post("/v1/events", json=EVENT)).status_code == 202
        sent.set()
        assert {(await each).status_code for each in slow} == {202}
        assert (await greedy.post("/v1/events", json=EVENT)).status_code == 202
