"""A platform as the tests play it: sends until acknowledged, answers what it is suggested."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from crosstie import api_keys, instants, registry
from crosstie.client.inbox import Inbox, inbox
from crosstie.client.outcome import Received, Suggestions, suggestions
from crosstie.errors import BrokerAway
from crosstie.runtime.admin import create_topics
from crosstie.settings import Settings
from crosstie.simulate.answers import Answerer
from crosstie.simulate.scenario import Scenario
from crosstie.simulate.stream import cloud_event

CloudEvent = dict[str, Any]
NAME = "locality"
PATIENCE_SECONDS = 120.0


class TestPlatform:
    """Sends over HTTP, answers over its inbox; `acknowledged` is what the door promised."""

    __test__ = False

    def __init__(self, url: str, key: str, box: Inbox, read: Suggestions, seed: int) -> None:
        self.acknowledged: set[tuple[str, str]] = set()
        self.refused: list[dict[str, Any]] = []
        self.received: list[Received] = []
        self.answered = 0
        self._http = httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=15, trust_env=False
        )
        self._box = box
        self._read = read
        self._answerer = Answerer(seed)
        self._seen: dict[str, int] = {}
        self._until = 0  # people answer in the time that the events tell, not ahead of it
        self._later: list[tuple[int, str, CloudEvent]] = []

    async def send(self, events: Sequence[CloudEvent]) -> None:
        """Over HTTP, again and again until every event is answered."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (answer := await self._post(events)) is None:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(0.2)
        self.let_time_pass(max(instants.from_rfc3339(event["time"]) for event in events))
        for event, result in zip(events, answer["results"], strict=True):
            if result["status"] == "accepted":
                self.acknowledged.add((event["source"], event["id"]))
            else:
                self.refused.append(result)

    async def send_by_inbox(self, events: Sequence[CloudEvent]) -> None:
        """Over Kafka, again and again until the broker has them: from then on they are promised."""
        await self._until_sent(list(events))
        self.let_time_pass(max(instants.from_rfc3339(event["time"]) for event in events))
        self.acknowledged |= {(event["source"], event["id"]) for event in events}

    @asynccontextmanager
    async def answering(self, source: str) -> AsyncIterator[None]:
        """Answer suggestions as they come."""
        task = asyncio.create_task(self._answer(source))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _answer(self, source: str) -> None:
        while True:
            for received in await self._read.read(wait_seconds=0.2):
                self.received.append(received)
                self._react(received, source)
            await self._answer_what_is_due()

    def let_time_pass(self, until: int) -> None:
        """It is `until` now: answers that are due by then go out."""
        self._until = max(self._until, until)

    async def close(self) -> None:
        await self._http.aclose()

    async def post(self, events: Sequence[CloudEvent]) -> httpx.Response:
        """One request, whatever comes of it."""
        return await self._http.post("/v1/events", json=list(events))

    async def _post(self, events: Sequence[CloudEvent]) -> dict[str, Any] | None:
        try:
            response = await self.post(events)
        except httpx.TransportError:
            return None
        if response.status_code in {429, 503}:
            return None
        assert response.status_code in {202, 403, 422}, (response.status_code, response.text)
        answer: dict[str, Any] = response.json()
        return answer

    def _react(self, received: Received, source: str) -> None:
        change = received.change
        if change.seq <= self._seen.get(change.suggestion, 0):
            return
        self._seen[change.suggestion] = change.seq
        for each in self._answerer.reactions(change):
            at = received.time + each.delay
            event = cloud_event(source, each.id, at, each.noun_verb, each.data)
            heapq.heappush(self._later, (at, each.id, event))

    async def _answer_what_is_due(self) -> None:
        due = []
        while self._later and self._later[0][0] <= self._until:
            due.append(heapq.heappop(self._later)[2])
        self.answered += await self._until_sent(due)

    async def _until_sent(self, told: list[CloudEvent]) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (sent := await self._sent(told)) is None:  # noqa: ASYNC110  nobody tells us
                await asyncio.sleep(0.2)
        return sent

    async def _sent(self, told: list[CloudEvent]) -> int | None:
        """How many; None when none, some or all may be there, and must be sent again."""
        try:
            return await self._box.send(told)
        except BrokerAway:
            return None


@asynccontextmanager
async def platform(settings: Settings, url: str, scenario: Scenario) -> AsyncIterator[TestPlatform]:
    """A registered platform with its topics, that owns the scenario's people."""
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        described = registry.checked(NAME, [scenario.source], [scenario.authority])
        key = await api_keys.register(connection, described, settings.api_key_pepper_bytes)
    finally:
        await connection.close()
    topics = settings.topics
    await asyncio.to_thread(create_topics, settings.brokers, topics.of_platform(NAME))
    async with (
        inbox(settings.brokers, topics.inbox(NAME).name) as box,
        suggestions(settings.brokers, topics.suggestions(NAME).name, from_beginning=True) as read,
    ):
        made = TestPlatform(url, str(key), box, read, scenario.seed)
        try:
            yield made
        finally:
            await made.close()
