"""A platform under fire: sends until every event is answered, reads suggestions, and answers them.

Remembers what was acknowledged, because that is what must be in effect once.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from typing import Any

import httpx
import msgspec

from crosstie import instants
from crosstie.brokers import Brokers
from crosstie.chaos.disorder import Disorder
from crosstie.client.inbox import Inbox, inbox
from crosstie.client.outcome import suggestions
from crosstie.errors import CrosstieError, Transient
from crosstie.events import ERASED
from crosstie.replay.delivery import Identity
from crosstie.simulate.reactions import Reactions
from crosstie.simulate.scenario import Scenario
from crosstie.simulate.stream import cloud_event, events

CloudEvent = dict[str, Any]
CHUNK = 1_000
_MOST_A_REQUEST = 1_000  # answers to suggestions go with a chunk, however many there are
_CHUNK_AHEAD = 20  # while faults are not over that began long ago: less, so that load lasts
_PAUSE_AHEAD_SECONDS = 1.0
_AHEAD = 0.02  # share of the events
PATIENCE_SECONDS = 300.0  # longer than any schedule of faults keeps a door shut
_PAUSE_SECONDS = 0.3
_A_DAY = 0.35  # events that one person brings, at least
_BY_INBOX = frozenset(("org.crosstie.contact.made.v1", "org.crosstie.gathering.held.v1"))
_LATER = frozenset((408, 429, 502, 503, 504))
_encode = msgspec.json.Encoder().encode


def scenario(seed: int, wanted: int) -> Scenario:
    """A locality that has `wanted` events to tell, some late, some sent twice."""
    members = min(max(wanted // 100, 50), 20_000)
    days = min(math.ceil(wanted / members / _A_DAY) + 14, 2_000)
    return Scenario(members=members, seed=seed, days=days, start=_START, late=0.03, doubled=0.03)


_START = instants.from_rfc3339("2020-01-06T00:00:00Z")  # long ago: ten years fit before now


class Load:
    """One platform: its doors, and what came of them."""

    def __init__(
        self,
        platform: str,
        key: str,
        urls: Callable[[], Sequence[str]],
        brokers: Brokers,
        seed: int,
    ) -> None:
        self.disorder = Disorder(seed)
        self.taken: set[Identity] = set()  # accepted over HTTP
        self.put: set[Identity] = set()  # in the inbox, by its broker's word
        self.share = 0.0  # of all events, those that are answered
        self.sent = 0
        self.statuses: Counter[int] = Counter()
        self.rejected: Counter[str] = Counter()
        self.heard = 0
        self._platform = platform
        self._urls = urls
        self._brokers = brokers
        self._turn = itertools.count()
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
            timeout=30,
            trust_env=False,
        )
        self._twice = False
        self._open: AsyncExitStack | None = None  # holds the inbox, while there is one
        self._box: Inbox | None = None
        self._opening = asyncio.Lock()

    @property
    def acknowledged(self) -> int:
        """How many events, by whatever door."""
        return len(self.taken | self.put)

    def owed(self, dead: AbstractSet[Identity]) -> set[Identity]:
        """What must be in effect once: all but what came by the inbox alone and is a dead letter.

        What was accepted over HTTP is owed whatever becomes of a copy by the other door.
        """
        return self.taken | (self.put - dead)

    async def close(self) -> None:
        """No more."""
        await self._shut()
        await self._http.aclose()

    async def play(
        self, told: Scenario, wanted: int, topics: tuple[str, str], reached: Callable[[], float]
    ) -> None:
        """Send `wanted` events and answer what is suggested meanwhile. Raises Transient.

        `reached` is the share of the events up to which all faults are over: the load goes on
        slowly while it is ahead of them.
        """
        inbox_topic, suggestions_topic = topics
        reactions = Reactions(told.source, told.seed)
        reading = asyncio.create_task(self._hear(reactions, suggestions_topic))

        def size() -> int:
            return _CHUNK_AHEAD if self.share > reached() + _AHEAD else CHUNK

        try:
            chunks = _chunks(itertools.islice(events(told), wanted), size)
            for chunk in self.disorder.ordered(chunks):
                now = max(instants.from_rfc3339(each["time"]) for each in chunk)
                await self._send([*chunk, *reactions.before(now)], inbox_topic)
                self.sent += len(chunk)
                self.share = self.sent / wanted
                if size() < CHUNK:
                    await asyncio.sleep(_PAUSE_AHEAD_SECONDS)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        self.share = 1.0

    async def again(self, number: int, topic: str) -> None:
        """Send some of what was sent lately once more, each through the other door."""
        chunk = self.disorder.again(number)
        by_http = [each for each in chunk if each["type"] in _BY_INBOX]
        rest = [each for each in chunk if each["type"] not in _BY_INBOX]
        await asyncio.gather(self._to_inbox(rest, topic), self._over_http(by_http))

    def twice(self) -> None:
        """The next events go through both doors at once."""
        self._twice = True

    async def probe(self, told: Scenario, end: int) -> None:
        """One more event, which every service has something to do with."""
        data = {"member": {"authority": told.authority, "id": "probe"}, "consent": True}
        await self._over_http(
            [cloud_event(told.source, f"{told.seed}-probe", end, "member.joined", data)]
        )

    async def _send(self, chunk: Sequence[CloudEvent], topic: str) -> None:
        """Contacts by the inbox, the rest over HTTP; erasures last, when what they cover is there."""
        by_inbox = [each for each in chunk if each["type"] in _BY_INBOX]
        erasures = [each for each in chunk if each["type"] == ERASED]
        rest = [each for each in chunk if each["type"] not in {*_BY_INBOX, ERASED}]
        if self._twice:
            self._twice = False
            by_inbox = rest = [*by_inbox, *rest]
        await asyncio.gather(self._to_inbox(by_inbox, topic), self._over_http(rest))
        await self._over_http(erasures)

    async def _to_inbox(self, chunk: Sequence[CloudEvent], topic: str) -> None:
        if not chunk:
            return
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    box = await self._opened(topic)
                    await box.send(chunk)
                    break
                except Transient:
                    await self._shut()
                    await asyncio.sleep(_PAUSE_SECONDS)
        self.put |= {(each["source"], each["id"]) for each in chunk}

    async def _opened(self, topic: str) -> Inbox:
        async with self._opening:
            if self._open is None or self._box is None:
                self._open = AsyncExitStack()
                self._box = await self._open.enter_async_context(inbox(self._brokers, topic))
            return self._box

    async def _shut(self) -> None:
        """Whoever sends at this moment sends again, to a new one."""
        async with self._opening:
            opened, self._open, self._box = self._open, None, None
            if opened is not None:
                await opened.aclose()

    async def _over_http(self, events: Sequence[CloudEvent]) -> None:
        for first in range(0, len(events), _MOST_A_REQUEST):
            await self._request(events[first : first + _MOST_A_REQUEST])

    async def _request(self, chunk: Sequence[CloudEvent]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (answer := await self._posted(chunk)) is None:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(_PAUSE_SECONDS)
        for event, result in zip(chunk, answer["results"], strict=True):
            if result["status"] == "accepted":
                self.taken.add((event["source"], event["id"]))
            else:
                self.rejected[f"{result['pointer']} {result['remedy']}"] += 1

    async def _posted(self, chunk: Sequence[CloudEvent]) -> dict[str, Any] | None:
        """The answer; None where there was none, or it was 'later'."""
        urls = self._urls()
        url = urls[next(self._turn) % len(urls)]
        body = b"\n".join(map(_encode, chunk))
        try:
            response = await self._http.post(f"{url}/v1/events", content=body)
        except httpx.TransportError:
            return None
        self.statuses[response.status_code] += 1
        if response.status_code in _LATER:
            return None
        if response.status_code not in {202, 403, 422}:
            raise CrosstieError(f"ingestion answered HTTP {response.status_code}: {response.text}")
        answer: dict[str, Any] = response.json()
        return answer

    async def _hear(self, reactions: Reactions, topic: str) -> None:
        """Read suggestions for as long as it is let, whatever happens to the brokers."""
        seen = False
        while True:
            try:
                async with suggestions(self._brokers, topic, from_beginning=not seen) as reader:
                    seen = True
                    async for each in reader.follow():
                        reactions.hear(each.change, each.time)
                        self.heard += 1
            except Transient:
                await asyncio.sleep(_PAUSE_SECONDS)


def _chunks(told: Iterator[CloudEvent], size: Callable[[], int]) -> Iterator[list[CloudEvent]]:
    while chunk := list(itertools.islice(told, size())):
        yield chunk
