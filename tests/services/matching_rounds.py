"""Rounds made by hand, as a leader commits them, who publishes them, and a topic that is made again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from msgspec.structs import replace

from crosstie.matching import ledger as ledgers
from crosstie.matching import record
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.runtime.admin import create_topics, delete_topics, partitions_of
from crosstie.runtime.service import Running
from services.matching.publishing import Publisher
from services.matching.store import Store
from services.matching.written import Decision, Image
from tests.services.matching_world import World, until


def recorded(village: World, round: Any) -> list[tuple[str, record.Record]]:
    return [(village.settings.topics.rounds.name, each) for each in record.split(round)]


def round_one(village: World, at: int = 1) -> Decision:
    """A first round that decides nothing, and its record."""
    round = record.chained(
        Round(
            n=1,
            at=at,
            full=True,
            seed=1,
            offsets=(0,),
            policy="p",
            base="b",
            code="c",
            fingerprint="f",
            previous="",
            digest="",
            changes=(),
        )
    )
    return _decided(village, round, ledgers.EMPTY)


def round_after(village: World, before: Decision, notes: dict[str, int] | None = None) -> Decision:
    """The next one, which decides nothing either."""
    next_one = replace(
        before.round,
        n=before.round.n + 1,
        previous=before.round.digest,
        digest="",
        notes=notes or {},
    )
    return _decided(village, record.chained(next_one), before.ledger)


def _decided(village: World, round: Round, ledger: Ledger) -> Decision:
    topic = village.settings.topics.rounds.name
    images = tuple(
        Image(topic, each.key, tuple((k, v.decode()) for k, v in each.headers), each.value)
        for each in record.split(round)
    )
    return Decision(round, ledgers.apply_round(ledger, round), {}, images)


async def make_again(village: World) -> None:
    """As an operator might, who thinks that services do it all anew."""
    topics, brokers = village.settings.topics, village.settings.brokers
    await asyncio.to_thread(delete_topics, brokers, [topics.rounds.name])

    async def there() -> bool:
        await asyncio.to_thread(create_topics, brokers, [topics.rounds])
        return (await asyncio.to_thread(partitions_of, brokers)).get(topics.rounds.name) == 1

    await until(there)


@contextlib.asynccontextmanager
async def rivals(village: World) -> AsyncIterator[tuple[Store, Publisher, Publisher]]:
    """The ledger, who led it, and who will."""
    async with asyncpg.create_pool(village.settings.database_url.get_secret_value()) as pool:
        store = Store(pool)
        zombie, successor = (Publisher(village.settings, store, Running()) for _ in range(2))
        await zombie.take_over()
        try:
            yield store, zombie, successor
        finally:
            await zombie.close()
            await successor.close()
