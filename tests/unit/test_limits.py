"""What is wrong in a request is said in an answer that can always be sent, and never in full."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Path, Query

from crosstie.runtime.limits import MOST_BODY_BYTES, limit
from crosstie.settings import Settings
from services.matching.previewed import Asked


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(kafka_bootstrap="localhost:9092", database_url="postgresql://x/x")
    api = FastAPI()

    @api.get("/members/{authority}/rounds")
    async def rounds(
        authority: Annotated[str, Path(pattern="^[a-z]{1,9}$")],
        limit: Annotated[int, Query(ge=1, le=50)],
    ) -> None:
        """Two that may be wrong."""

    @api.post("/preview")
    async def preview(asked: Asked) -> Asked:
        return asked

    transport = httpx.ASGITransport(limit(api, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


WRONG = [
    b'{"person": "\\ud800", "limit": NaN}',
    b'{"person": {"authority": "a", "id": "\\ud800"}, "\\udfff": Infinity}',
    b'{"\\u0000": 1e999}',
    b'{"limit": ' + b"9" * 4_000 + b"}",
    b'{"limit": ' + b"9" * 5_000 + b"}",
    b"[" * 100_000,
    b'{"person": "' + b"x" * 100_000 + b'"}',
    json.dumps({f"n{n}": n for n in range(10_000)}).encode(),
    b"\xff\xfe",
    b"",
]


@pytest.mark.parametrize("body", WRONG, ids=range(len(WRONG)))
async def test_a_body_that_is_no_question_is_answered_shortly(
    http: httpx.AsyncClient, body: bytes
) -> None:
    answer = await http.post("/preview", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)
    assert len(answer.content) < 10_000


async def test_what_is_wrong_in_path_and_query_is_said_in_one_sentence_without_what_was_sent(
    http: httpx.AsyncClient,
) -> None:
    answer = await http.get("/members/My%20words/rounds", params={"limit": "My words"})
    see = "see the OpenAPI document of this service"
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": "/path/authority is text of 8 characters, must be text of the form ^[a-z]{1,9}$; "
        f"{see}; /query/limit is text of 8 characters, must be a valid integer, unable to parse string "
        f"as an integer; {see}"
    }
    missing = (await http.get("/members/staff/rounds")).json()["detail"]
    assert missing == f"/query/limit is (missing), must be given; add it; {see}"


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(
    http: httpx.AsyncClient,
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 65_536
            yield b" " * 65_536

    headers = {"content-type": "application/json"}
    answer = await http.post("/preview", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= MOST_BODY_BYTES + 65_536


async def test_probes_are_answered_while_everything_else_is_turned_away() -> None:
    settings = Settings(
        kafka_bootstrap="localhost:9092", database_url="postgresql://x/x", http_requests=1
    )
    api, begun, held = FastAPI(), asyncio.Event(), asyncio.Event()

    @api.get("/slow")
    async def slow() -> None:
        begun.set()
        await held.wait()

    @api.get("/health/live")
    async def live() -> None:
        """Alive."""

    transport = httpx.ASGITransport(limit(api, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        first = asyncio.create_task(client.get("/slow"))
        await begun.wait()
        second = await client.get("/slow")
        assert second.status_code == 429
        assert int(second.headers["retry-after"]) > 0
        assert (await client.get("/health/live")).status_code == 200
        held.set()
        assert (await first).status_code == 200
        assert (await client.get("/slow")).status_code == 200
