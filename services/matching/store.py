"""The ledger in PostgreSQL: every round is one compare-and-swap of its head.

The advisory lock only saves work; what keeps two leaders apart is the head (here) and the
transactional producer (publishing.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import asyncpg

from crosstie.errors import Fenced
from crosstie.matching import ledger as ledgers
from crosstie.matching import ledger_bytes, record
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.runtime.database import BEAT_SECONDS, transient
from services.matching import sql
from services.matching.offloop import off_loop
from services.matching.written import (
    Decision,
    Image,
    outbox_columns,
    round_row,
    suggestion_columns,
)

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]

T = TypeVar("T")

_ROUNDS_AT_ONCE = 500
_ROWS_AT_ONCE = 2_000  # suggestions or images: nothing else runs while so many are turned to bytes


class Head(NamedTuple):
    """The last round of the ledger, and the last one whose records are in Kafka."""

    n: int
    at: int
    digest: str
    published_n: int


class Control(NamedTuple):
    """What operators ask for; a full round is owed while `wanted` is ahead of `done`."""

    paused: bool
    full_wanted: int
    full_done: int


@dataclass(frozen=True, slots=True)
class Named:
    """Bytes that are kept by their digest: a policy, a base."""

    digest: str
    body: bytes


class Store:
    """Everything matching keeps. Raises DatabaseAway where PostgreSQL is away."""

    def __init__(self, pool: asyncpg.Pool[Any]) -> None:
        self._pool = pool

    async def head(self) -> Head:
        """Where the ledger stands."""
        with transient():
            return Head(*await _row(self._pool, sql.HEAD))

    async def control(self) -> Control:
        """What operators ask for."""
        with transient():
            return Control(*await _row(self._pool, sql.CONTROL))

    async def commit(self, decision: Decision) -> None:
        """Make `decision` the next round, or raise Fenced: someone else decided it.

        Safe to repeat: a commit whose answer was lost is recognised by its digest.
        """
        round = decision.round
        with transient():
            async with self._pool.acquire() as connection, connection.transaction():
                mine = (round.n, round.at, round.digest)
                if not await connection.fetchval(sql.ADVANCE, *mine, round.previous):
                    head = Head(*await _row(connection, sql.HEAD))
                    if head[:3] == mine:
                        return
                    raise Fenced(f"round {round.n} was decided by another leader")
                await _save(connection, decision)

    async def told(self, ids: list[str]) -> dict[str, tuple[str, ...]]:
        """The platforms that were told when these suggestions were made."""
        with transient():
            rows = await self._pool.fetch(sql.TOLD, ids)
        return {id: tuple(platforms) for id, platforms in rows}

    async def round(self, n: int) -> Round | None:
        """Round `n` as it was committed."""
        with transient():
            body = await self._pool.fetchval(sql.ROUND, n)
        return None if body is None else record.decode(body)

    async def rounds_after(self, n: int) -> list[Round]:
        """The first rounds after round `n`."""
        with transient():
            rows = await self._pool.fetch(sql.ROUNDS_AFTER, n, _ROUNDS_AT_ONCE)
        return [record.decode(row["body"]) for row in rows]

    async def rounds_upto(self, n: int) -> list[Round]:
        """The last rounds up to round `n`, the newest first."""
        with transient():
            rows = await self._pool.fetch(sql.ROUNDS_UPTO, n, _ROUNDS_AT_ONCE)
        return [record.decode(row["body"]) for row in rows]

    async def ledger(self, known: Ledger = ledgers.EMPTY, n: int = 0) -> tuple[Ledger, int]:
        """The ledger as of the last round, and its number, given what it was after round `n`."""
        if n == 0:
            known, n = await self._newest_ledger()
        while rounds := await self.rounds_after(n):
            for each in rounds:
                known = ledgers.apply_round(known, each)
            n = rounds[-1].n
        return known, n

    async def keep_policy(self, policy: Named) -> None:
        """Keep a policy before a round uses it."""
        with transient():
            await self._pool.execute(sql.KEEP_POLICY, policy.digest, policy.body)

    async def keep_base(self, base: Named) -> None:
        """Keep a base before a round uses it."""
        with transient():
            await self._pool.execute(sql.KEEP_BASE, base.digest, base.body)

    async def newest_base(self) -> bytes | None:
        """The base that was kept last."""
        with transient():
            body = await self._pool.fetchval(sql.NEWEST_BASE)
        return None if body is None else bytes(body)

    async def keep_ledger(self, n: int, body: bytes) -> None:
        """Keep the ledger after round `n`, which is committed, instead of earlier ones."""
        with transient():
            async with self._pool.acquire() as connection, connection.transaction():
                await _keep_ledger(connection, n, body)

    async def unpublished(self, upto: int) -> AsyncIterator[list[Image]]:
        """Images of rounds up to `upto` that are not known to be in Kafka, in order, some at a time."""
        last = (0, -1)
        while True:
            with transient():
                rows = await self._pool.fetch(sql.UNPUBLISHED, upto, *last, _ROWS_AT_ONCE)
            if rows:
                yield [_image(*row[2:]) for row in rows]
            if len(rows) < _ROWS_AT_ONCE:  # of most rounds the first are all: no second question
                return
            last = (rows[-1]["n"], rows[-1]["i"])

    async def unpublished_topics(self, upto: int) -> list[str]:
        """Where these go."""
        with transient():
            rows = await self._pool.fetch(sql.UNPUBLISHED_TOPICS, upto)
        return [row["topic"] for row in rows]

    async def published(self, n: int) -> None:
        """Rounds up to `n` are in Kafka: note it, and drop their images."""
        with transient():
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(sql.PUBLISHED, n)
                await connection.execute(sql.DROP_IMAGES, n)

    async def _newest_ledger(self) -> tuple[Ledger, int]:
        with transient():
            row = await self._pool.fetchrow(sql.NEWEST_LEDGER)
        return (ledgers.EMPTY, 0) if row is None else (ledger_bytes.read(row["body"]), row["n"])


async def _row(of: asyncpg.Pool[Any] | Connection, statement: str) -> Any:
    """The one row of a table that always has one."""
    return await of.fetchrow(statement)


async def _save(connection: Connection, decision: Decision) -> None:
    """Each kind of rows is made when its turn comes: many take memory."""
    round, n = decision.round, decision.round.n
    await connection.execute(sql.ADD_ROUND, *await _made(connection, lambda: round_row(round)))
    if round.changes:
        columns = await _made(connection, lambda: suggestion_columns(decision))
        await _put(connection, sql.PUT_SUGGESTIONS, columns)
    if decision.published:
        await connection.execute(sql.PUBLISHED, n)
    if decision.images:
        columns = await _made(connection, lambda: outbox_columns(n, decision.images))
        await _put(connection, sql.PUT_IMAGES, columns)
    if round.full and not decision.published:
        body = await _made(connection, lambda: ledger_bytes.stored(decision.ledger))
        await _keep_ledger(connection, n, body)
    if decision.full_answered:
        await connection.execute(sql.FULL_DONE, decision.full_answered)


async def _made(connection: Connection, make: Callable[[], T]) -> T:
    """What `make` gives, made beside the event loop: it may take seconds.

    PostgreSQL is told meanwhile that we are alive: it ends a transaction that falls silent.
    """
    making = asyncio.create_task(off_loop(make))
    try:
        while not (await asyncio.wait({making}, timeout=BEAT_SECONDS))[0]:
            await connection.execute(sql.STILL_HERE)
        return await making
    finally:
        making.cancel()


async def _put(connection: Connection, statement: str, columns: tuple[list[Any], ...]) -> None:
    """Never COPY: PostgreSQL waits for the rest of it for ever, and holds the head meanwhile."""
    for start in range(0, len(columns[0]), _ROWS_AT_ONCE):
        some = (column[start : start + _ROWS_AT_ONCE] for column in columns)
        await connection.execute(statement, *some)


async def _keep_ledger(connection: Connection, n: int, body: bytes) -> None:
    await connection.execute(sql.KEEP_LEDGER, n, body)
    await connection.execute(sql.DROP_OLDER_LEDGERS, n)


def _image(topic: str, key: bytes, headers: str, value: bytes) -> Image:
    pairs = tuple((name, text) for name, text in json.loads(headers))
    return Image(topic, bytes(key), pairs, bytes(value))
