"""A health check fails once it failed as often in a row as Kubernetes lets it."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from crosstie.chaos import probing
from crosstie.chaos.probing import PROBES, Health


@pytest.mark.parametrize(("in_a_row", "named"), [(1, []), (2, ["profile ready: 503 away"])])
async def test_it_fails_after_so_many_in_a_row_and_not_before(
    monkeypatch: pytest.MonkeyPatch, in_a_row: int, named: list[str]
) -> None:
    answers = [200, *(503 for _ in range(in_a_row)), 200, 503, 200]
    over = asyncio.Event()

    def answer(_: httpx.Request) -> httpx.Response:
        if not answers:
            over.set()
            return httpx.Response(200)
        return httpx.Response(answers.pop(0), text="away")

    monkeypatch.setattr(probing, "EVERY_SECONDS", 0)
    health = Health()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        asking = asyncio.create_task(health._ask(http, "profile", "http://profile", "ready"))
        await over.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert health.failed == named
    assert health.late == in_a_row + 1
    assert PROBES["ready"][1] == 2
