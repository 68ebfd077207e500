"""The store in PostgreSQL: reads before, one fenced statement to commit."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import asyncpg

from crosstie import sealing
from crosstie.errors import DatabaseAway, Fenced, LogGap, Rejected
from crosstie.network.dedupe import HORIZON_US, Seen
from crosstie.network.state import Row, Tie
from crosstie.network.wire import decode_row, encode
from crosstie.runtime.database import NOT_MIGRATED, transient
from services.profile import sql
from services.profile.batch import FORGED, NO_REPLAY, Known, Outcome, Reading, Refused
from services.profile.ports import Hold, Image, Rows

REPLAY = "crosstie quarantine replay"
PAGE_ROWS = 5_000
_MEMBER = "member/"
_TIE = "tie/"
_A, _B = slice(4, 20), slice(21, 37)  # of the key of a tie, its ends: 16 letters each
_NAMES = ("members", "a", "b")


class PostgresStore:
    """See ports.Store."""

    def __init__(self, pool: asyncpg.Pool[Any], topic: str, vault_key: bytes) -> None:
        self._pool = pool
        self._topic = topic
        self._vault_key = vault_key
        self._one_at_a_time = asyncio.Lock()

    async def take(self, partition: int, topic_id: str) -> Hold:
        with _errors():
            row = await self._pool.fetchrow(sql.TAKE, partition, topic_id)
        if row is None:
            raise LogGap(
                f"partition {partition} was filled from another topic than {self._topic} "
                f"(now {topic_id}): the log was made again; point CROSSTIE_TOPIC_PREFIX at the "
                "right one, or start with an empty database"
            )
        return Hold(partition, row["epoch"], row["next_offset"], row["latest"])

    async def confirm(self, hold: Hold) -> None:
        await self._holder(hold)

    async def aim(self, hold: Hold, topic_id: str) -> None:
        with _errors():
            aimed = await self._pool.fetchval(sql.AIM, hold.partition, hold.epoch, topic_id)
        if aimed is None:
            raise _taken_over(hold)

    async def known(self, reading: Reading, latest: int) -> Known:
        with _errors():
            async with self._pool.acquire() as connection:
                return Known(
                    data_keys=await self._data_keys(connection, reading.sealed),
                    seen={
                        row[0]: Seen(row[1], row[2])
                        for row in await connection.fetch(
                            sql.SEEN, reading.partition, reading.identities
                        )
                    },
                    rows=await _rows(connection, reading.keys),
                    latest=latest,
                )

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        image: list[tuple[bytes, bytes | None]] = []
        members: list[tuple[str, str | None]] = []
        new: list[tuple[str, str, str | None]] = []
        changed: list[tuple[str, str, str | None]] = []
        for key, row in outcome.rows.items():
            state = None if row is None else encode(row)
            text = None if state is None else state.decode()
            image.append((key.encode(), state))
            if isinstance(row, Tie):
                ties = changed if key in outcome.held else new
                ties.append((row.a, row.b, text))
            else:
                members.append((key.removeprefix(_MEMBER), text))
        seen, renewed = outcome.remember.items(), outcome.renewed
        refused = outcome.refused
        with _errors():
            fenced = await self._pool.fetchval(
                sql.COMMIT,
                hold.partition,
                hold.epoch,
                outcome.start,
                outcome.end,
                outcome.latest,
                *_columns(3, [(i, e.body, e.watermark) for i, e in seen if i not in renewed]),
                *_columns(3, [(i, e.body, e.watermark) for i, e in seen if i in renewed]),
                *_columns(2, members),
                *_columns(3, new),
                *_columns(3, changed),
                self._topic,
                [each.offset for each in refused],
                [each.reason for each in refused],
                [each.key for each in refused],
                [each.value for each in refused],
                [_headers(each) for each in refused],
                [self._remedy(hold, each) for each in refused],
                outcome.erased,
            )
        if fenced == 0:
            raise Fenced(f"partition {hold.partition} at {outcome.start} is not ours at this epoch")
        return Image(hold.partition, image, outcome.end, outcome.latest)

    async def unpublished(self, hold: Hold) -> Image | None:
        holder = await self._holder(hold)
        if holder["published_offset"] == holder["next_offset"]:
            return None
        upto = holder["published_offset"]
        with _errors():
            batches = await self._pool.fetch(sql.CHANGED, hold.partition, upto)
            if sum(each["end"] - each["start"] for each in batches) == holder["next_offset"] - upto:
                named = [[name for each in batches for name in each[of]] for of in _NAMES]
                found = await self._pool.fetch(sql.UNPUBLISHED, hold.partition, upto, *named)
                beyond = None
            else:
                markers = await self._pool.fetch(sql.MARKERS, hold.partition, upto)
                found = [(key, None) for (key,) in markers]
                beyond = partial(self._unnamed, hold.partition, upto)
        return Image(
            hold.partition, _encoded(found), holder["next_offset"], holder["latest"], beyond
        )

    async def _unnamed(self, partition: int, upto: int) -> AsyncGenerator[Rows]:
        """Of one partition at a time: others of this worker need the pool's connections meanwhile."""
        async with self._one_at_a_time:
            with _errors():
                async with self._pool.acquire() as connection, connection.transaction():
                    cursor = await connection.cursor(sql.UNNAMED, partition, upto)
                    while found := await cursor.fetch(PAGE_ROWS):
                        yield _encoded(found)

    async def published(self, image: Image, hold: Hold) -> None:
        erased = [key.decode().removeprefix(_MEMBER) for key, value in image.rows if value is None]
        with _errors():
            fenced = await self._pool.fetchval(
                sql.PUBLISHED, hold.partition, hold.epoch, image.end, erased
            )
        if fenced == 0:
            raise _taken_over(hold)

    async def members(self) -> int:
        """How many people are known and not erased."""
        with _errors():
            return int(await self._pool.fetchval(sql.COUNT_MEMBERS))

    async def prune(self, partition: int) -> None:
        """Forget identities past the horizon."""
        with _errors():
            await self._pool.execute(sql.PRUNE_INBOX, partition, HORIZON_US)

    async def prune_quarantine(self) -> None:
        """Forget what refused records said, past their 30 days."""
        with _errors():
            await self._pool.execute(sql.PRUNE_QUARANTINE)

    def _remedy(self, hold: Hold, refused: Refused) -> str:
        if refused.reason == FORGED:
            return NO_REPLAY
        return f"{REPLAY} {self._topic}/{hold.partition}/{refused.offset}"

    async def _holder(self, hold: Hold) -> Any:
        with _errors():
            row = await self._pool.fetchrow(sql.HOLDER, hold.partition)
        if row is None or row["epoch"] != hold.epoch:
            raise _taken_over(hold)
        return row

    async def _data_keys(self, connection: Any, subjects: list[str]) -> dict[str, bytes]:
        """Asked for every batch, never cached: a key that is gone is gone at once."""
        if not subjects:
            return {}
        rows = await connection.fetch(sql.DATA_KEYS, subjects)
        return {subject: sealing.unwrap(wrapped, self._vault_key) for subject, wrapped in rows}


def _taken_over(hold: Hold) -> Fenced:
    return Fenced(f"partition {hold.partition} was taken over since epoch {hold.epoch}")


async def _rows(connection: Any, keys: list[str]) -> dict[str, Row | None]:
    members = [key.removeprefix(_MEMBER) for key in keys if key.startswith(_MEMBER)]
    ties = [key for key in keys if key.startswith(_TIE)]
    rows: dict[str, Row | None] = {}
    if members:
        for subject, state in await connection.fetch(sql.MEMBERS, members):
            rows[_MEMBER + subject] = None if state is None else decode_row(_MEMBER, state)
    if ties:
        ends = [each[_A] for each in ties], [each[_B] for each in ties]
        for n, state in await connection.fetch(sql.TIES, *ends):
            rows[ties[n - 1]] = decode_row(_TIE, state)
    return rows


def _columns(width: int, rows: list[tuple[Any, ...]]) -> Sequence[Sequence[Any]]:
    """`rows` in order, which indexes like, as the arrays of their `width` columns."""
    return list(zip(*sorted(rows), strict=True)) if rows else [()] * width


def _encoded(found: Iterable[tuple[str, str | None]]) -> Rows:
    return [(key.encode(), None if state is None else state.encode()) for key, state in found]


def _headers(refused: Refused) -> str:
    """JSON of names, with surrogates for what is no UTF-8, and values in base64."""
    return json.dumps(
        [[n, None if v is None else base64.b64encode(v).decode()] for n, v in refused.headers]
    )


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """What PostgreSQL says, as who has to act: time, the record, or whoever migrates."""
    with transient():
        try:
            yield
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            reason = f"{type(error).__name__}, SQLSTATE {error.sqlstate}"  # its words quote the row
            raise Rejected("", reason, "data that PostgreSQL takes", "send it anew") from error
        except NOT_MIGRATED as error:
            raise DatabaseAway(f"{error}: migrate with `crosstie.runtime.migrate`") from error
