"""What Kafka and PostgreSQL do of themselves with the same log: raw reading, and COPY, plain and kept.

A plain COPY is all rows at once into a table without indexes, with one commit. What is kept as a
worker has to keep it, by COPY too, stands between the two: a batch at a time, each committed before
the next, in a table that knows an event again by its source and id.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

Row = tuple[
    int, int, str, str, str, bytes, bytes
]  # partition, offset, source, id, type, key, value

TABLE = """
CREATE TABLE plain_events (
    partition int NOT NULL, "offset" bigint NOT NULL, source text NOT NULL, id text NOT NULL,
    type text NOT NULL, key bytea NOT NULL, value bytea NOT NULL
)
"""


async def raw_getmany(bootstrap: str, topic: str, partitions: int) -> tuple[list[Row], float]:
    """All records of `topic`, and how many a second aiokafka's getmany gave without any other work."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        every = [TopicPartition(topic, n) for n in range(partitions)]
        consumer.assign(every)
        await consumer.seek_to_beginning(*every)
        wanted = sum((await consumer.end_offsets(every)).values())
        records: list[Any] = []
        begun = time.perf_counter()
        while len(records) < wanted:
            for found in (await consumer.getmany(timeout_ms=1_000)).values():
                records += found
        seconds = time.perf_counter() - begun
    finally:
        await consumer.stop()
    rows = []
    for each in records:
        headers = {name: value.decode() for name, value in each.headers}
        said = headers["ce_source"], headers["ce_id"], headers["ce_type"]
        rows.append((each.partition, each.offset, *said, each.key, each.value))
    return rows, wanted / seconds


async def plain_copy(url: str, rows: Sequence[Row]) -> float:
    """Rows a second by one COPY of all into a table without indexes, with its commit."""
    return await _copied(url, rows, len(rows))


async def kept_copy(url: str, rows: Sequence[Row], batch: int) -> float:
    """Rows a second by a COPY and a commit for each `batch` of them, into a table with a key."""
    return await _copied(url, rows, batch, "PRIMARY KEY (source, id)")


async def _copied(url: str, rows: Sequence[Row], batch: int, key: str = "") -> float:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TABLE)
        if key:
            await connection.execute(f"ALTER TABLE plain_events ADD {key}")
        begun = time.perf_counter()
        for start in range(0, len(rows), batch):
            await connection.copy_records_to_table(
                "plain_events", records=rows[start : start + batch]
            )
        seconds = time.perf_counter() - begun
        await connection.execute("DROP TABLE plain_events")
    finally:
        await connection.close()
    return len(rows) / seconds
