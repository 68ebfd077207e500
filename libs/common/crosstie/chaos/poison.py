"""Wrong records in the topics, as a broken or hostile client writes them."""

from __future__ import annotations

import asyncio
import secrets

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from crosstie.chaos.stage import Stage
from crosstie.runtime.stopping import stop

_PAUSE_SECONDS = 0.5
_SEVERAL = 3


async def poisoned(on: Stage, platform: str, where: str) -> None:
    """Write a few records that are no events into an inbox, or into the log itself."""
    topics = on.settings.topics
    topic = topics.inbox(platform).name if where == "inbox" else topics.events.name
    while True:
        producer = AIOKafkaProducer(**on.settings.brokers.aiokafka(), acks="all")
        try:
            await producer.start()
            for _ in range(_SEVERAL):
                junk = secrets.token_bytes(40)
                headers = [("ce_id", junk), ("ce_time", b"yesterday")]
                await producer.send_and_wait(topic, junk, key=junk[:8], headers=headers)
            return
        except KafkaError:
            await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            await stop(producer)
