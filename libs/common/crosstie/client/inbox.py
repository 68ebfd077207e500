"""Sending events to a platform's inbox: CloudEvents in Kafka's binary mode, each acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from crosstie.runtime.stopping import stop

CloudEvent = Mapping[str, Any]
_encode = msgspec.json.Encoder().encode
_PATIENCE_MS = 60_000  # a broker that was killed takes 20 s


class Inbox:
    """One platform's inbox."""

    def __init__(self, producer: AIOKafkaProducer, topic: str) -> None:
        self._producer = producer
        self._topic = topic
        self.ends: dict[int, int] = {}  # after the last record of ours, by partition

    async def send(self, events: Iterable[CloudEvent]) -> int:
        """Send and wait until the broker has all of them; how many. Raises BrokerAway."""
        try:
            acknowledged = [await self._sent(event) for event in events]
            for record in await asyncio.gather(*acknowledged):
                self.ends[record.partition] = record.offset + 1
        except KafkaError as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error
        return len(acknowledged)

    async def _sent(self, event: CloudEvent) -> asyncio.Future[Any]:
        key, value, headers = record_of(event)
        future: asyncio.Future[Any] = await self._producer.send(
            self._topic, value, key=key, headers=headers
        )
        return future


def record_of(event: CloudEvent) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of an event in binary mode."""
    headers = [
        (f"ce_{name}", str(value).encode())
        for name, value in event.items()
        if name not in {"data", "datacontenttype"}
    ]
    headers.append(("content-type", b"application/json"))
    return _key(event), _encode(event.get("data")), headers


def _key(event: CloudEvent) -> bytes:
    """What keeps the events about the same people in order on their way to the log."""
    data = event.get("data")
    if not isinstance(data, dict):
        return b""
    return _encode(data.get("member", data.get("members")))


@asynccontextmanager
async def inbox(brokers: Brokers, topic: str) -> AsyncIterator[Inbox]:
    """A connected inbox; what is sent twice by a retry of the client arrives once."""
    producer = AIOKafkaProducer(
        **brokers.aiokafka(),
        acks="all",
        enable_idempotence=True,
        compression_type="lz4",
        linger_ms=5,
        max_batch_size=256 * 1024,
        request_timeout_ms=_PATIENCE_MS,
    )
    try:
        await producer.start()
    except KafkaError as error:
        await stop(producer)
        raise BrokerAway(f"no Kafka at {brokers}: {error}") from error
    try:
        yield Inbox(producer, topic)
    finally:
        await stop(producer)
