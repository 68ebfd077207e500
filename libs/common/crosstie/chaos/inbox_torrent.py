"""More than a worker can carry, by an inbox: it is acknowledged at once, and waits there."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

from confluent_kafka import KafkaException, Producer

from crosstie.brokers import Brokers
from crosstie.chaos.told import CloudEvent
from crosstie.client.inbox import record_of
from crosstie.errors import BrokerAway
from crosstie.replay.delivery import Identity

_TICK_SECONDS = 0.02
_FLUSH_SECONDS = 120.0


class InboxTorrent:
    """Writes to an inbox at a rate of its own, whoever reads it. Through librdkafka: it is faster."""

    def __init__(self, brokers: Brokers, topic: str, told: Iterator[CloudEvent]) -> None:
        self.acknowledged: set[Identity] = set()
        self._topic = topic
        self._told = told
        self._failed: list[str] = []
        self._producer = Producer(
            brokers.librdkafka()
            | {
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 50,
                "compression.type": "lz4",
                "queue.buffering.max.messages": 200_000,
                "log_level": 0,
            }
        )

    async def pour(self, rate: float, seconds: float) -> None:
        """`rate` events a second for so long, each acknowledged. Raises BrokerAway."""
        stop = threading.Event()
        pouring = asyncio.to_thread(self._pour, rate, seconds, stop)
        try:
            await pouring
        finally:
            stop.set()

    def _pour(self, rate: float, seconds: float, stop: threading.Event) -> None:
        begun, sent = monotonic(), 0
        while not stop.is_set() and (gone := monotonic() - begun) < seconds:
            for event in itertools.islice(self._told, max(int(gone * rate) - sent, 0)):
                self._send(event)
                sent += 1
            self._producer.poll(0)
            stop.wait(_TICK_SECONDS)
        for event in itertools.islice(self._told, max(int(seconds * rate) - sent, 0)):
            self._send(event)
        if self._producer.flush(_FLUSH_SECONDS) or self._failed:
            raise BrokerAway(f"not all was taken by the inbox: {self._failed[:3]}")

    def _send(self, event: CloudEvent) -> None:
        key, value, headers = record_of(event)
        identity = (event["source"], event["id"])

        def told(error: Any, _message: Any) -> None:
            if error is None:
                self.acknowledged.add(identity)
            else:
                self._failed.append(str(error))

        while True:
            try:
                self._producer.produce(
                    self._topic, value, key, headers=dict(headers), on_delivery=told
                )
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:
                raise BrokerAway(str(error)) from error
            else:
                return
