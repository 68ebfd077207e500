"""More than a worker can carry, by HTTP: what is turned away is offered again, as long as one likes."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

import httpx
import msgspec

from crosstie.chaos.told import CloudEvent
from crosstie.errors import CrosstieError
from crosstie.replay.delivery import Identity

A_REQUEST = 200  # events
MOST_WRITTEN = 2_000  # requests beforehand, of 60 KB each
MOST_OPEN = 400  # requests at once, more than a worker takes in hand
LATER = frozenset((429, 503))
_encode = msgspec.json.Encoder().encode
_TICK_SECONDS = 0.02
_IDLE_SECONDS = 1.0  # the door hangs up on whoever is idle for longer; else we might just write


@dataclass(frozen=True, slots=True)
class Body:
    """One request's events, written beforehand: whoever writes meanwhile offers less."""

    events: Sequence[Identity]
    content: bytes


def body(events: Iterable[CloudEvent]) -> Body:
    """These events as they are posted."""
    chunk = [*events]
    identities = [(each["source"], each["id"]) for each in chunk]
    return Body(identities, b"\n".join(map(_encode, chunk)))


class HttpTorrent:
    """Posts at a rate of its own, whatever is answered; and, asked to, until all of it is taken."""

    def __init__(self, url: str, key: str, told: Iterator[CloudEvent]) -> None:
        self.acknowledged: set[Identity] = set()
        self.answers: Counter[int] = Counter()
        self.unanswered: Counter[str] = Counter()
        self.longest_seconds = 0.0
        self.offered = 0  # events, with those that were offered again
        self._told = told
        self._ready: deque[Body] = deque()  # written beforehand, and not offered yet
        self._again: deque[Body] = deque()  # turned away
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"},
            timeout=60,
            trust_env=False,
            limits=httpx.Limits(
                max_connections=MOST_OPEN,
                max_keepalive_connections=MOST_OPEN,
                keepalive_expiry=_IDLE_SECONDS,
            ),
        )

    async def close(self) -> None:
        """No more."""
        await self._http.aclose()

    async def pour(self, rate: float, seconds: float) -> None:
        """`rate` events a second for so long, in requests of 200; what is shed is offered again."""
        many = min(math.ceil(rate * seconds / A_REQUEST), MOST_WRITTEN)
        self._ready.extend(self._written() for _ in range(many))
        begun, sent, open = monotonic(), 0, set[asyncio.Task[None]]()
        while (gone := monotonic() - begun) < seconds:
            while sent < gone * rate and len(open) < MOST_OPEN:
                open.add(task := asyncio.create_task(self._offer()))
                task.add_done_callback(open.discard)
                sent += A_REQUEST
                await asyncio.sleep(
                    0
                )  # else hundreds are written in one turn, and nobody reads answers
            sent = max(
                sent, int(gone * rate) - A_REQUEST
            )  # what found no connection is not made up
            await asyncio.sleep(_TICK_SECONDS)
        await asyncio.gather(*open)
        self._ready.clear()

    @property
    def left(self) -> int:
        """Events that were turned away last time they were offered."""
        return sum(len(each.events) for each in self._again)

    async def until_taken(self, limit_seconds: float = math.inf) -> None:
        """Offer what was shed, politely, until nothing is left or the time is over."""
        deadline = monotonic() + limit_seconds
        while self._again and monotonic() < deadline:
            waits = [self._offer() for _ in range(min(len(self._again), 2))]
            await asyncio.gather(*waits)
            await asyncio.sleep(_TICK_SECONDS)

    async def at_full_speed(self, seconds: float) -> float:
        """Events a second that are taken from two who wait for each answer."""
        begun, before = monotonic(), len(self.acknowledged)

        async def one() -> None:
            while monotonic() - begun < seconds:
                await self._offer()

        await asyncio.gather(one(), one())
        return (len(self.acknowledged) - before) / (monotonic() - begun)

    async def post(self, events: list[CloudEvent]) -> None:
        """These, in requests of 200, each until it is taken."""
        self._again.extend(
            body(events[n : n + A_REQUEST]) for n in range(0, len(events), A_REQUEST)
        )
        await self.until_taken()

    async def _offer(self) -> None:
        waiting = self._ready or self._again
        chunk = waiting.popleft() if waiting else self._written()
        self.offered += len(chunk.events)
        begun = monotonic()
        try:
            answer = await self._http.post("/v1/events", content=chunk.content)
        except httpx.TransportError as error:
            self.unanswered[type(error).__name__] += 1
            self._again.append(chunk)
            return
        self.longest_seconds = max(self.longest_seconds, monotonic() - begun)
        self.answers[answer.status_code] += 1
        if answer.status_code in LATER:
            self._again.append(chunk)
            return
        if answer.status_code != httpx.codes.ACCEPTED or answer.json()["rejected"]:
            raise CrosstieError(
                f"ingestion answered HTTP {answer.status_code}: {answer.text[:500]}"
            )
        self.acknowledged.update(chunk.events)

    def _written(self) -> Body:
        return body(itertools.islice(self._told, A_REQUEST))
