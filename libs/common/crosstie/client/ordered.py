"""Sending to an inbox so that an erasure never overtakes what was said before about the person.

An inbox keeps order within a partition, and what two people share may be in another one than the
erasure of either. So an erasure waits until ingestion has read everything that was sent before.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from crosstie.brokers import Brokers
from crosstie.client.inbox import CloudEvent, Inbox
from crosstie.events import ERASED
from crosstie.runtime.admin import admin

PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.2
_ASK_SECONDS = 5.0


class Ordered:
    """An inbox; events are in order, and nothing follows a person's erasure."""

    def __init__(self, box: Inbox, brokers: Brokers, group: str, topic: str) -> None:
        self._box = box
        self._admin: Any = admin(brokers)
        self._group = group
        self._topic = topic
        self._waits = True

    async def send(self, events: Sequence[CloudEvent]) -> int:
        """Send, erasures last; how many. Raises BrokerAway."""
        erasures = [each for each in events if each.get("type") == ERASED]
        sent = await self._box.send(each for each in events if each.get("type") != ERASED)
        if erasures and self._waits and not await self._read():
            self._waits = False
            print(
                f"nobody reads {self._topic}, or we may not see how far: erasures are sent without "
                "waiting for what precedes them; some of that may become dead letters",
                file=sys.stderr,
            )
        return sent + await self._box.send(erasures)

    async def _read(self) -> bool:
        """Whether ingestion reads everything that was sent so far, soon enough."""
        deadline = monotonic() + PATIENCE_SECONDS
        while monotonic() < deadline:
            read = await asyncio.to_thread(self._committed)
            if read is None:
                return False
            if all(read.get(each, 0) >= end for each, end in self._box.ends.items()):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def _committed(self) -> dict[int, int] | None:
        """How far ingestion is; None where we may not know."""
        places = [TopicPartition(self._topic, each) for each in self._box.ends]
        asked = [ConsumerGroupTopicPartitions(self._group, places)]
        future = self._admin.list_consumer_group_offsets(asked)[self._group]
        try:
            found = future.result(timeout=_ASK_SECONDS).topic_partitions
        except KafkaException as error:
            hidden = error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED
            return None if hidden else {}
        except TimeoutError:
            return {}
        return {each.partition: each.offset for each in found}
