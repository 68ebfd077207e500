"""The platform's two doors: facts about people over HTTP, contacts over its inbox.

Remembers what was acknowledged and what was refused; whatever fails is sent again as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from crosstie.brokers import Brokers
from crosstie.client.chunks import chunks
from crosstie.client.door import Door, Refusal, door
from crosstie.client.inbox import Inbox, inbox
from crosstie.demo.story import CloudEvent
from crosstie.demo.watcher import Identity
from crosstie.errors import Transient
from crosstie.runtime.supervisor import System

_BY_INBOX = frozenset(("org.crosstie.contact.made.v1", "org.crosstie.gathering.held.v1"))
_PAUSE_SECONDS = 1.0
_INBOX_CHUNK = 2_000


class Sender:
    """One platform that sends until everything is acknowledged or refused."""

    def __init__(self, door: Door, brokers: Brokers, inbox_topic: str) -> None:
        self.sent: set[Identity] = set()
        self.acknowledged: set[Identity] = set()
        self.refused: list[Refusal] = []
        self._door = door
        self._brokers = brokers
        self._topic = inbox_topic
        self._box: Inbox | None = None
        self._open = AsyncExitStack()

    async def send(self, events: Sequence[CloudEvent]) -> None:
        """Send each by the door it belongs to."""
        by_inbox = [each for each in events if each["type"] in _BY_INBOX]
        by_http = [each for each in events if each["type"] not in _BY_INBOX]
        await asyncio.gather(self.over_http(by_http), self.to_inbox(by_inbox))

    async def over_http(self, events: Sequence[CloudEvent]) -> None:
        """Every event is answered."""
        at = 0
        for chunk in chunks(events):
            told, at = events[at : at + len(chunk)], at + len(chunk)
            refusals = await self._persist(chunk)
            refused = {each.index for each in refusals}
            self.refused += refusals
            self.sent |= identities(told)
            self.acknowledged |= identities(
                [each for place, each in enumerate(told) if place not in refused]
            )

    async def to_inbox(self, events: Sequence[CloudEvent]) -> None:
        """Every event is acknowledged by the broker; what is wrong becomes a dead letter."""
        for at in range(0, len(events), _INBOX_CHUNK):
            chunk = events[at : at + _INBOX_CHUNK]
            while True:
                try:
                    await (await self._opened()).send(chunk)
                    break
                except Transient:
                    await self.close()  # a producer that failed is not used again
                    await asyncio.sleep(_PAUSE_SECONDS)
            self.sent |= identities(chunk)
            self.acknowledged |= identities(chunk)

    async def close(self) -> None:
        self._box = None
        await self._open.aclose()

    async def _persist(self, chunk: list[bytes]) -> list[Refusal]:
        while True:
            try:
                return await self._door.send(chunk)
            except Transient:
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _opened(self) -> Inbox:
        if self._box is None:
            self._box = await self._open.enter_async_context(inbox(self._brokers, self._topic))
        return self._box


def identities(events: Sequence[CloudEvent]) -> set[Identity]:
    return {(each["source"], each["id"]) for each in events}


@asynccontextmanager
async def sending(system: System, platform: str, key: str) -> AsyncIterator[Sender]:
    """A sender with both doors open."""
    topic = system.settings.topics.inbox(platform).name
    async with door(system.urls["ingestion"], key) as http:
        sender = Sender(http, system.settings.brokers, topic)
        try:
            yield sender
        finally:
            await sender.close()
