"""The log into PostgreSQL and on to `network.v1`: wires what `ports` names to the real things."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from crosstie.runtime.kafka import (
    TRANSACTION_MS,
    consumer_options,
    producer_options,
    started,
    topics_exist,
)
from crosstie.runtime.service import Running
from crosstie.runtime.stopping import stop
from crosstie.settings import Settings
from services.profile.assignment import Assignment
from services.profile.housekeeping import keep_house
from services.profile.log import KafkaLog
from services.profile.namesake import Namesake
from services.profile.partition import Partition
from services.profile.publisher import KafkaOutlet
from services.profile.store import PostgresStore

SESSION_TIMEOUT_MS = 6_000  # how long a killed worker's partitions lie idle
HEARTBEAT_MS = 1_500
LEAVING_SECONDS = 3.0  # for the group
NEVER_MS = 24 * 3600 * 1000  # a partition that waits for PostgreSQL does not poll, and stays ours


async def deliver(
    settings: Settings, vault_key: bytes, pool: asyncpg.Pool[Any], running: Running
) -> None:
    """Fold and publish until `running.stop`."""
    topics = settings.topics
    await topics_exist(settings, (topics.events, topics.network), running)
    running.unready["assignment"] = "the group has not assigned partitions yet"
    network = Namesake(settings.brokers, topics.network.name)
    store = PostgresStore(pool, topics.events.name, vault_key)
    async with _consumer(settings, running) as consumer:
        log_ = KafkaLog(consumer, settings.brokers, topics.events.name, settings.batch_events)

        def make(number: int) -> Partition:
            outlet = KafkaOutlet(
                lambda name: _producer(settings, name),
                f"{settings.topic_prefix}profile-{number}",
                network,
            )
            return Partition(number, log_, store, outlet, running.unready)

        assignment = Assignment(log_, make)
        consumer.subscribe([topics.events.name], listener=assignment)
        running.unready.pop("start", None)
        try:
            await _until_stopped(assignment, log_, network, store, running)
        finally:
            await assignment.close()


async def _until_stopped(
    assignment: Assignment,
    log_: KafkaLog,
    network: Namesake,
    store: PostgresStore,
    running: Running,
) -> None:
    stopping: asyncio.Future[Any] = asyncio.ensure_future(running.stop.wait())
    keeping: asyncio.Future[Any] = asyncio.ensure_future(
        keep_house(assignment, log_, network, store, running)
    )
    try:
        done, _ = await asyncio.wait(
            {stopping, keeping, assignment.failed}, return_when=asyncio.FIRST_COMPLETED
        )
        for each in done:
            each.result()
    finally:
        stopping.cancel()
        keeping.cancel()


@contextlib.asynccontextmanager
async def _consumer(settings: Settings, running: Running) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **consumer_options(settings),
        group_id=f"{settings.topic_prefix}profile",
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        max_poll_interval_ms=NEVER_MS,
        rebalance_timeout_ms=60_000,
    )
    await started(consumer, running)
    try:
        yield consumer
    finally:
        await stop(consumer, LEAVING_SECONDS)


def _producer(settings: Settings, transactional_id: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(
        **producer_options(settings),
        transactional_id=transactional_id,
        transaction_timeout_ms=TRANSACTION_MS,
    )
