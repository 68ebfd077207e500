"""What operators do from outside: look at rounds, pause them, ask for a full one, try one out."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from crosstie.errors import Misconfigured
from crosstie.events import Person
from crosstie.matching import record
from crosstie.matching.model import Change, Round
from crosstie.runtime import database
from crosstie.runtime.database import transient
from crosstie.runtime.service import Running
from crosstie.settings import Settings
from services.matching import sql, tell
from services.matching.decide import Opening, Rules, decided, now, read_back, simple
from services.matching.people import People
from services.matching.reader import Reader
from services.matching.solver import solved_apart
from services.matching.standing import Standing
from services.matching.store import Store
from services.matching.written import summary


@contextlib.asynccontextmanager
async def _pool(settings: Settings) -> AsyncIterator[asyncpg.Pool[Any]]:
    pool = await database.pool(settings, "matching", Running(), most=2)
    try:
        yield pool
    finally:
        await pool.close()


async def summaries(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """The last rounds, newest first, without what they decided."""
    async with _pool(settings) as pool:
        with transient():
            rows = await pool.fetch(sql.SUMMARIES, limit)
    return [json.loads(row["summary"]) for row in rows]


async def state(settings: Settings) -> dict[str, Any]:
    """Where the ledger stands, and what was asked of the leader."""
    async with _pool(settings) as pool:
        store = Store(pool)
        return (await store.head())._asdict() | (await store.control())._asdict()


async def pause(settings: Settings, *, paused: bool) -> None:
    """While `paused`, rounds settle what happened and suggest nothing; one in hand is finished."""
    async with _pool(settings) as pool:
        with transient():
            await pool.execute(sql.PAUSE, paused)


async def want_full(settings: Settings) -> None:
    """The next round serves everyone."""
    async with _pool(settings) as pool:
        with transient():
            await pool.execute(sql.WANT_FULL)


async def decisions(settings: Settings, n: int) -> dict[str, Any]:
    """Round `n` in full, its people as the outside knows them. Raises Misconfigured for no such round."""
    async with _pool(settings) as pool:
        with transient():
            body = await pool.fetchval(sql.ROUND, n)
        if body is None:
            raise Misconfigured(f"there is no round {n}; see `crosstie rounds list`")
        return await _described(record.decode(body), People(pool.acquire))


async def tried(settings: Settings, rules: Rules) -> dict[str, Any]:
    """What a full round would decide now under `rules`; nothing is committed, nobody is told."""
    async with _pool(settings) as pool, _reading(settings) as reader:
        store = Store(pool)
        head = await store.head()
        ledger, _ = await store.ledger()
        await reader.up_to_end()
        cut, ready = await Standing(reader).cut()
        at = max(head.at, now(settings.clock, cut.latest))
        opening = Opening(head.n + 1, at, full=True, cut=cut, previous=head.digest)
        body = await store.newest_base()
        base = simple(ready.network, rules, at) if body is None else read_back(body)
        result = decided(opening, ledger, base, rules, settings.deployment, ready, solved_apart)
        return await _described(result.round, People(pool.acquire))


@contextlib.asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[Reader]:
    running = Running()
    reader = Reader(settings, running)
    reading = asyncio.create_task(reader.run())
    try:
        yield reader
    finally:
        running.stop.set()
        await reading


async def _described(round: Round, people: People) -> dict[str, Any]:
    named = await people.named(tell.named_in(change.suggestion for change in round.changes))
    decisions = [_decision(change, named) for change in round.changes]
    return {**json.loads(summary(round)), "decisions": decisions}


def _decision(change: Change, people: dict[str, Person]) -> dict[str, Any]:
    each = change.suggestion
    return {
        "suggestion": each.id,
        "cause": change.cause,
        "kind": each.kind,
        "members": [_name(subject, people) for subject in each.members],
        "directions": each.directions,
        "cross_sector": each.cross_sector,
        "reasons": [reason.code for reason in each.reasons],
        "scores": {name: score / 1e6 for name, score in each.scores.items()},
    }


def _name(subject: str, people: dict[str, Person]) -> str:
    person = people.get(subject)
    return subject if person is None else f"{person.authority}/{person.id}"
