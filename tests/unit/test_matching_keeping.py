"""The ledger is kept beside the rounds: none waits for it, and a failure is not silent."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from crosstie.matching.ledger import EMPTY
from crosstie.matching.ledger_bytes import read
from crosstie.runtime.service import Running
from services.matching.keeping import Keeper
from services.matching.store import Store


class Slow:
    """A store that keeps ledgers once it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.kept: list[tuple[int, Any]] = []
        self.asked, self.let, self.done = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._error = error

    async def keep_ledger(self, n: int, body: bytes) -> None:
        self.asked.set()
        await self.let.wait()
        if self._error is not None:
            raise self._error
        self.kept.append((n, read(body)))
        self.done.set()


def keeper(store: Slow) -> Keeper:
    return Keeper(cast("Store", store), Running())


async def test_rounds_go_on_while_a_ledger_is_kept() -> None:
    store = Slow()
    keeping = keeper(store)
    for n in range(499, 1001):  # the next would be due before the first is kept
        keeping.after(n, EMPTY)
    store.let.set()
    await store.done.wait()
    keeping.after(1001, EMPTY)
    assert store.kept == [(500, EMPTY)]
    await keeping.close()


async def test_what_went_wrong_with_keeping_is_told_to_the_next_round() -> None:
    store = Slow(ZeroDivisionError())
    keeping = keeper(store)
    keeping.after(500, EMPTY)
    store.let.set()

    async def rounds() -> None:
        while True:
            keeping.after(501, EMPTY)
            await asyncio.sleep(0)

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(rounds(), 60)


async def test_whoever_leads_no_more_leaves_off() -> None:
    store = Slow()
    keeping = keeper(store)
    keeping.after(500, EMPTY)
    await store.asked.wait()
    await keeping.close()
    store.let.set()
    await asyncio.sleep(0)  # whoever still waited would go on now
    assert store.kept == []
