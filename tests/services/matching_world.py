"""A world for tests of matching: its topics and database, and a hand that writes `network.v1`."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from crosstie import api_keys, registry
from crosstie.matching import ledger as ledgers
from crosstie.matching.model import Round
from crosstie.matching.record import Record, following, joined
from crosstie.network.facts import Availability
from crosstie.network.state import member_key
from crosstie.runtime.admin import create_topics, partitions_of
from crosstie.runtime.kafka import consumer_options, ends, producer_options
from crosstie.runtime.stack import Stack
from crosstie.settings import Settings
from services.matching.store import Store
from tests.services.network_hand import Hand, joins, meets, partition_of, subject

AUTHORITY = "nhs"
PLATFORM = "intranet"
START = 1_700_000_000_000_000  # 2023-11-14


def settings_of(stack: Stack, prefix: str, database: str, **more: Any) -> Settings:
    """Settings of a deployment of its own on the shared stack; quick rounds in log time."""
    values: dict[str, Any] = {
        "kafka_bootstrap": stack.bootstrap,
        "database_url": database,
        "topic_prefix": prefix,
        "deployment": "test",
        "clock": "log",
        "round_pause_seconds": 0.1,
        "empty_round_seconds": 0,
    }
    return Settings(**(values | more))


def environment(settings: Settings) -> dict[str, str]:
    """The same settings for a process."""
    values = settings.model_dump(mode="json", exclude_none=True, exclude={"vault_key"})
    values["database_url"] = settings.database_url.get_secret_value()
    ours = {f"CROSSTIE_{name.upper()}": str(value) for name, value in values.items()}
    return {k: v for k, v in os.environ.items() if not k.startswith("CROSSTIE_")} | ours


@dataclass
class World:
    """One deployment: settings, a connection as the superuser, a hand."""

    settings: Settings
    sql: asyncpg.Connection[Any]
    hand: Hand
    key: str

    async def people(self, numbers: Iterable[int]) -> None:
        """Map subjects to people in the vault."""
        rows = [(subject(n), AUTHORITY, f"p{n}", b"wrapped") for n in numbers]
        await self.sql.executemany(
            "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
            " VALUES ($1, $2, $3, $4)",
            rows,
        )

    async def village(self, people: int, at: int = START) -> None:
        """`people` members on a ring of ties; every pair two steps apart may be introduced."""
        await self.people(range(people))
        events = [event for n in range(people) for event in joins(self.hand, n, at)]
        events += [meets(self.hand, n, (n + 1) % people, at + n) for n in range(people)]
        await self.hand.tell(events)

    async def has_time(self, number: int, weekly: int, at: int) -> None:
        """A member says how many introductions a week they have time for."""
        who = subject(number)
        said = Availability(who, weekly, 0, 0)
        await self.hand.tell([self.hand.event(member_key(who), "availability.set", said, at)])

    async def mark(self, partition: int) -> None:
        """Progress without a row."""
        await self.hand.producer.begin_transaction()
        await self.hand.put(partition, {}, mark=True)
        await self.hand.commit()

    async def told(self, platform: str = PLATFORM) -> list[tuple[dict[str, str], dict[str, Any]]]:
        """Headers and data of everything on a platform's suggestions topic."""
        records = await all_of(self.settings, self.settings.topics.suggestions(platform).name)
        return [
            ({name: value.decode() for name, value in r.headers}, json.loads(r.value))
            for r in records
        ]

    async def rounds(self) -> list[Round]:
        """Every round in `rounds.v1`."""
        records = await all_of(self.settings, self.settings.topics.rounds.name)
        return list(joined(Record(r.key, r.value, tuple(r.headers)) for r in records))

    async def head(self) -> Any:
        return await self.sql.fetchrow("SELECT n, at, digest, published_n FROM matching.head")

    async def round_published(self, n: int) -> Any:
        """Wait until round `n` is decided and published; the head then."""

        async def there() -> bool:
            return bool((await self.head())["published_n"] >= n)

        await until(there)
        return await self.head()


async def change(made: World, turn: int) -> None:
    """Something that opens a round."""
    await made.hand.tell([meets(made.hand, turn, turn + 4, START + turn * 1_000_000)])


async def check_history(made: World) -> None:
    """Rounds follow each other, each once; no event twice; the ledger is their fold."""
    rounds = await made.rounds()
    assert list(following(rounds, 0, "")) == rounds
    head = await made.head()
    assert (head["n"], head["digest"]) == (rounds[-1].n, rounds[-1].digest)
    ids = Counter(headers["ce_id"] for headers, _ in await made.told())
    assert not [each for each, times in ids.items() if times > 1]
    folded = ledgers.EMPTY
    for each in rounds:
        folded = ledgers.apply_round(folded, each)
    kept = await made.sql.fetch(
        "SELECT id FROM matching.suggestions WHERE state IN ('open', 'accepted')"
    )
    assert {row["id"] for row in kept} == folded.live.keys()
    async with asyncpg.create_pool(made.settings.database_url.get_secret_value()) as pool:
        stored, n = await Store(pool).ledger()
    assert (n, stored) == (rounds[-1].n, folded)
    assert [*stored.live, *stored.pairs, *stored.made] == [
        *folded.live,
        *folded.pairs,
        *folded.made,
    ]


async def there_and_back(made: World, key: str) -> None:
    """A row goes, and comes back as it was, before the next mark: no look falls in between."""
    partition = partition_of(key)
    await made.hand.producer.begin_transaction()
    await made.hand.put(partition, {key: None}, mark=False)
    await made.hand.put(partition, {key: made.hand.rows[key]}, mark=True)
    await made.hand.commit()


@contextlib.asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[World]:
    """A deployment with one platform, empty otherwise."""
    await asyncio.to_thread(create_topics, settings.brokers, settings.topics.every([PLATFORM]))
    sql = await asyncpg.connect(settings.database_url.get_secret_value())
    platform = registry.checked(PLATFORM, ["https://intranet.example"], [AUTHORITY])
    key = await api_keys.register(sql, platform, settings.api_key_pepper_bytes)
    options = producer_options(settings) | {"transactional_id": f"{settings.topic_prefix}hand"}
    producer, log = AIOKafkaProducer(**options), AIOKafkaProducer(**producer_options(settings))
    reader = AIOKafkaConsumer(**consumer_options(settings))
    clients = (producer, log, reader)
    for each in clients:
        await each.start()
    try:
        yield World(settings, sql, Hand(producer, log, reader, settings.topics), str(key))
    finally:
        for each in clients:
            await each.stop()
        await sql.close()


async def all_of(settings: Settings, topic: str) -> list[Any]:
    """Every committed record of a topic, partition after partition.

    A commit is answered before its marks are written: wait a little for what is only about to show.
    """
    consumer = AIOKafkaConsumer(**consumer_options(settings))
    every = AIOKafkaConsumer(**consumer_options(settings) | {"isolation_level": "read_uncommitted"})
    await consumer.start()
    await every.start()
    try:
        known = await asyncio.to_thread(partitions_of, settings.brokers)
        partitions = [TopicPartition(topic, p) for p in range(known[topic])]
        consumer.assign(partitions)
        for each in partitions:
            consumer.seek(each, 0)
        written = await ends(every, topic, range(known[topic]))
        wanted = await ends(consumer, topic, range(known[topic]))
        for _ in range(40):  # an open transaction stays open, and hides what it hides
            if wanted == written:
                break
            await asyncio.sleep(0.05)
            wanted = await ends(consumer, topic, range(known[topic]))
        found: list[Any] = []
        for each in partitions:
            while await consumer.position(each) < wanted[each.partition]:
                for records in (await consumer.getmany(each, timeout_ms=200)).values():
                    found += records
        return sorted(found, key=lambda r: (r.partition, r.offset))
    finally:
        await every.stop()
        await consumer.stop()


async def pair_of(village: World, suggestion: str) -> tuple[str, str]:
    members = await village.sql.fetchval(
        "SELECT members FROM matching.suggestions WHERE id = $1", suggestion
    )
    return tuple(members)


async def state_of(village: World, suggestion: str) -> str:
    return str(
        await village.sql.fetchval(
            "SELECT state FROM matching.suggestions WHERE id = $1", suggestion
        )
    )


async def told_of(village: World, suggestion: str) -> list[dict[str, Any]]:
    return [data for _, data in await village.told() if data["suggestion"] == suggestion]


async def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for a state; how long it takes is not judged, only that it comes."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  the state is another process's
            await asyncio.sleep(0.05)
