"""Waiting for a running system: conditions asked for again and again, never a guess of seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from confluent_kafka.admin import OffsetSpec
from confluent_kafka.cimpl import TopicPartition

from crosstie.runtime.admin import admin, partitions_of
from crosstie.runtime.group_offsets import committed
from crosstie.settings import Settings

LIMIT_SECONDS = 120.0


async def until(
    condition: Callable[[], Awaitable[Any]], what: str, limit: float = LIMIT_SECONDS
) -> None:
    """Return once `condition` holds; its last answer is in the message otherwise."""
    answer: Any = None
    try:
        async with asyncio.timeout(limit):
            while (answer := await condition()) is not True:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"{what}: {answer} after {limit:g} s") from None


async def caught_up(settings: Settings) -> None:
    """Everything sent is in the log, folded and published."""
    await until(lambda: _inboxes_read(settings), "inboxes are read")

    async def folded() -> Any:
        log = await asyncio.to_thread(_ends, settings, settings.topics.events.name)
        connection = await asyncpg.connect(settings.database_url.get_secret_value())
        try:
            rows = await connection.fetch("SELECT * FROM profile.partitions")
            head = await connection.fetchrow("SELECT n, published_n FROM matching.head")
        finally:
            await connection.close()
        at = {row["partition"]: (row["next_offset"], row["published_offset"]) for row in rows}
        behind = {p: (end, at.get(p)) for p, end in log.items() if at.get(p) != (end, end)}
        published = head is not None and head["n"] == head["published_n"]
        return True if not behind and published else (behind, head)

    await until(folded, "profile has folded and published the log")


async def _inboxes_read(settings: Settings) -> Any:
    names = await asyncio.to_thread(partitions_of, settings.brokers)
    behind: dict[Any, int] = {}
    group = f"{settings.topic_prefix}ingestion"
    for name in names:
        if name.startswith(settings.topics.inbox_prefix):
            ends = await asyncio.to_thread(_ends, settings, name)
            read = await committed(settings.brokers, group, name)
            behind |= {(name, p): end for p, end in ends.items() if end and read.get(p) != end}
    return behind or True


def _ends(settings: Settings, topic: str) -> dict[int, int]:
    client = admin(settings.brokers)
    partitions = range(partitions_of(settings.brokers)[topic])
    newest: Any = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    asked = {TopicPartition(topic, p): newest for p in partitions}
    futures = client.list_offsets(asked)
    return {each.partition: future.result().offset for each, future in futures.items()}
