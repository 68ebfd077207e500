"""`rounds.v1` written anew from PostgreSQL, which has the bytes of every round that was published.

Nobody leads meanwhile: we hold the lock that leaders take, and write with their transactional id. A
leader who has not noticed yet is fenced by us; whoever takes over should our lock be lost fences us,
and finds a topic that lacks rounds.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import asyncpg
from aiokafka import AIOKafkaProducer

from crosstie.errors import UNREADABLE, DatabaseAway, LogGap, Misconfigured
from crosstie.matching import record
from crosstie.matching.record import Record
from crosstie.replay import sources
from crosstie.replay.sources import Tape
from crosstie.runtime.away import in_transaction, reached
from crosstie.runtime.database import pools, transient
from crosstie.runtime.kafka import started
from crosstie.runtime.service import Running
from crosstie.runtime.stopping import cut_short, stop
from crosstie.settings import Settings
from services.matching import sql
from services.matching.lease import TRY_SECONDS, Lease, leading
from services.matching.offloop import off_loop
from services.matching.publishing import TAKEN, sole_producer
from services.matching.store import Head, Store

PATIENCE_SECONDS = 20.0  # a session that fell silent holds its lock for 15
_LEAVING_SECONDS = 2.0
_ROUNDS_AT_ONCE = 100
_BYTES_AT_ONCE = 16 * 1024 * 1024  # of one transaction; a round is never parted
_FROM_COPY = "restore it from your copy (docs/operators.md#back-up)"
_TABLE = "matching.rounds"


class Restored(NamedTuple):
    """Rounds that the topic held before, and those that it holds now."""

    before: int
    now: int


async def restored(settings: Settings, patience_seconds: float = PATIENCE_SECONDS) -> Restored:
    """Write what `rounds.v1` lacks of the published rounds; may be repeated, and goes on then.

    Raises Misconfigured where somebody leads, or the topic holds something else; LogGap where the
    table is not whole; Fenced, BrokerAway, DatabaseAway.
    """
    lease, running = await _held(settings, patience_seconds), Running()
    async with leading(lease, running) as keeping:
        work = asyncio.create_task(_restored(settings, running))
        try:
            await asyncio.wait((work, keeping), return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise DatabaseAway(
                    "the lock that keeps replicas of matching from leading is lost; begin again, "
                    "and it goes on where it was"
                )
            return work.result()
        finally:
            await cut_short(work, _LEAVING_SECONDS)


async def _held(settings: Settings, patience_seconds: float) -> Lease:
    lease, deadline = Lease(settings), time.monotonic() + patience_seconds
    try:
        while not await lease.tried():
            if time.monotonic() > deadline:
                raise Misconfigured(
                    f"a replica of matching leads, for {patience_seconds:.0f} s already: stop all of "
                    "them, and start them when this is done"
                )
            await asyncio.sleep(TRY_SECONDS)
    except BaseException:
        lease.drop()
        raise
    return lease


async def _restored(settings: Settings, running: Running) -> Restored:
    topic = settings.topics.rounds.name
    async with pools(settings, "matching", running, 1) as (pool,), Tape(settings, topic) as tape:
        producer = sole_producer(settings)
        try:
            await started(producer, running)  # from here on nothing of anybody else's is pending
            head = await Store(pool).head()
            there = await continued(_there(tape), _kept(pool, head), head.n)
            if there < head.published_n:
                await _written(producer, topic, pool, there, head.published_n)
        finally:
            await stop(producer)
    return Restored(there, max(there, head.published_n))


async def continued(
    there: AsyncIterator[sources.Record], kept: AsyncIterator[bytes], last: int
) -> int:
    """How many of the rounds that are `kept`, up to round `last`, are `there`.

    They must be the first ones, whole, as they would be written, and nothing between; what comes
    after the last is for matching to judge. Raises Misconfigured, and what `kept` raises to its end.
    """
    n, due = 0, deque[Record]()
    async for each in there:
        if not due:
            if n == last:
                break
            due.extend(record.parts(n + 1, await anext(kept)))
        if (each.key, each.value, each.headers) != _fields(due.popleft()):
            where = f"{each.topic} holds something else than round {n + 1} at offset {each.offset}"
            newest = max([_number(each), *[_number(later) async for later in there]])
            await _drained(kept)
            raise Misconfigured(f"{where}; {_remedy(newest, last)}")
        n += not due
    await _drained(kept)
    if due:
        raise Misconfigured(f"the topic ends within round {n + 1}; {_remedy(n, last)}")
    return n


def _fields(each: Record) -> tuple[bytes, bytes, tuple[tuple[str, bytes], ...]]:
    return each.key, each.value, each.headers


def _number(each: sources.Record) -> int:
    return record.number_of(each.key or b"")


def _remedy(newest: int, last: int) -> str:
    if newest > last:
        return f"PostgreSQL has rounds up to {last}, the topic up to {newest}: {_FROM_COPY}"
    return (
        f"PostgreSQL has all rounds up to {last}: delete the topic, make it again with "
        "`crosstie topics create`, and begin again"
    )


async def _drained(kept: AsyncIterator[bytes]) -> None:
    """All of it is as it must be, before anything is written or told to be deleted."""
    async for _ in kept:
        pass


async def _there(tape: Tape) -> AsyncIterator[sources.Record]:
    with reached():
        ends = await tape.ends()
        async for records in tape.upto(0, ends[0]):
            for each in records:
                yield each


async def _kept(pool: asyncpg.Pool[Any], head: Head) -> AsyncIterator[bytes]:
    """The bytes of every round up to the head, each known to follow from the one before."""
    n, digest = 0, ""
    async for bodies in _bodies(pool, 0, head.n):
        n, digest = await off_loop(partial(followed, bodies, n, digest))
        for body in bodies:
            yield body
    if (n, digest) != (head.n, head.digest):
        raise LogGap(f"{_TABLE} ends at round {n}, not at that of the head, {head.n}; {_FROM_COPY}")


def followed(bodies: Sequence[bytes], n: int, digest: str) -> tuple[int, str]:
    """Number and digest of the last of `bodies`, which follow round `n`. Raises LogGap."""
    try:
        for round in record.following(map(record.decode, bodies), n, digest, _TABLE):
            n, digest = round.n, round.digest
    except LogGap as gap:
        raise LogGap(f"{gap}; {_FROM_COPY}") from gap
    except UNREADABLE as error:
        raise LogGap(
            f"{_TABLE}: what follows round {n} is no round ({error}); {_FROM_COPY}"
        ) from error
    return n, digest


async def _bodies(pool: asyncpg.Pool[Any], n: int, upto: int) -> AsyncIterator[list[bytes]]:
    """Of the rounds after round `n`, some at a time."""
    while True:
        with transient():
            rows = await pool.fetch(sql.BODIES, n, upto, _ROUNDS_AT_ONCE)
        if not rows:
            return
        yield [bytes(row["body"]) for row in rows]
        n = rows[-1]["n"]


async def _written(
    producer: AIOKafkaProducer, topic: str, pool: asyncpg.Pool[Any], n: int, upto: int
) -> None:
    """Rounds after round `n`, in order and whole, as many in a transaction as is no burden."""
    some: list[Record] = []
    size = 0
    async for bodies in _bodies(pool, n, upto):
        for body in bodies:
            n, size = n + 1, size + len(body)
            some += record.parts(n, body)
            if size >= _BYTES_AT_ONCE:
                await _sent(producer, topic, some)
                some, size = [], 0
    if some:
        await _sent(producer, topic, some)


async def _sent(producer: AIOKafkaProducer, topic: str, records: list[Record]) -> None:
    with in_transaction(TAKEN):
        await producer.begin_transaction()
        sent = [
            await producer.send(
                topic, each.value, each.key, partition=0, headers=list(each.headers)
            )
            for each in records
        ]
        await asyncio.gather(*sent)
        await producer.commit_transaction()
