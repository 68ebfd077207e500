"""Which topic bears a name now: one that was deleted and made again has another id, and no rows.

A process that has seen the topic change ends; the next one takes the partitions over, and publishes
all of their rows to the topic that there is now.
"""

from __future__ import annotations

import asyncio
import time

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, CrosstieError
from crosstie.runtime.admin import topic_ids

_FRESH_SECONDS = 1.0  # all partitions of an assignment ask at once


class MadeAgain(CrosstieError):
    """Only a new process helps: whoever supervises starts one."""


class Namesake:
    """The topic of a name, as this process knows it."""

    def __init__(self, brokers: Brokers, topic: str) -> None:
        self.topic = topic
        self._brokers = brokers
        self._first: str | None = None
        self._asked = -_FRESH_SECONDS
        self._one_at_a_time = asyncio.Lock()

    async def id(self) -> str:
        """Its id. Raises MadeAgain where it was another one before, BrokerAway."""
        async with self._one_at_a_time:
            if self._first is None or time.monotonic() - self._asked >= _FRESH_SECONDS:
                now = await topic_id(self._brokers, self.topic)
                self._asked = time.monotonic()
                self._first = self._first or now
                if now != self._first:
                    raise made_again(self.topic)
            return self._first


def made_again(topic: str) -> MadeAgain:
    """What is said of it."""
    return MadeAgain(f"{topic} was made again while it was written: all rows go out anew")


async def topic_id(brokers: Brokers, topic: str) -> str:
    """The id of a topic now. Raises BrokerAway."""
    found = await asyncio.to_thread(topic_ids, brokers, [topic])
    if topic not in found:
        raise BrokerAway(f"topic {topic} does not exist yet")
    return found[topic]
