"""Sending to an inbox so that an erasure never overtakes what was said before about the person.

An inbox keeps order within a partition, and what two people share may be in another one than the
erasure of either. So an erasure waits until ingestion has read everything that was sent before.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from time import monotonic

from crosstie.brokers import Brokers
from crosstie.client.inbox import CloudEvent, Inbox
from crosstie.errors import BrokerAway
from crosstie.events import ERASED
from crosstie.runtime.group_offsets import Hidden, committed

PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.2
_ASK_SECONDS = 5.0


class Ordered:
    """An inbox; events are in order, and nothing follows a person's erasure."""

    def __init__(self, box: Inbox, brokers: Brokers, group: str, topic: str) -> None:
        self._box = box
        self._brokers = brokers
        self._group = group
        self._topic = topic
        self._waits = True

    async def send(self, events: Sequence[CloudEvent]) -> int:
        """Send, erasures last; how many. Raises BrokerAway, Misconfigured."""
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
            try:
                read = await committed(
                    self._brokers, self._group, self._topic, self._box.ends, _ASK_SECONDS
                )
            except Hidden:
                return False
            except BrokerAway:
                read = {}
            if all(read.get(each, 0) >= end for each, end in self._box.ends.items()):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False
