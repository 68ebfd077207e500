"""More than a worker can carry, by HTTP: what is turned away is offered again, as long as one likes."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

import h11
import msgspec

from crosstie.chaos.lane import FAILURES, Lane
from crosstie.chaos.told import CloudEvent, Poured
from crosstie.errors import CrosstieError
from crosstie.replay.delivery import Identity

A_REQUEST = 200  # events
MOST_WRITTEN = 2_000  # requests beforehand, of 60 KB each
MOST_OPEN = 800  # requests at once: many times what a worker takes in hand, and connections it has
ACCEPTED = 202
LATER = frozenset((408, 429, 500, 503))  # the same may be taken another time
_AT_FULL_SPEED = 8  # at once: as many as are at work
_encode = msgspec.json.Encoder().encode
_TICK_SECONDS = 0.02


class _Taken(msgspec.Struct):
    """Of an answer: how many events are not to be sent again, however often."""

    rejected: int


_taken = msgspec.json.Decoder(_Taken).decode


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
        self._offered = 0  # events, with those that were offered again
        self._told = told
        self._ready: deque[Body] = deque()  # written beforehand, and not offered yet
        self._again: deque[Body] = deque()  # turned away
        self._lanes: list[Lane] = []  # that wait for a request
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._headers = [
            ("Host", address.netloc),
            ("Authorization", f"Bearer {key}"),
            ("Content-Type", "application/x-ndjson"),
        ]

    def close(self) -> None:
        """No more."""
        for each in self._lanes:
            each.close()

    async def pour(self, rate: float, seconds: float) -> Poured:
        """`rate` events a second for so long, in requests of 200; what is shed is offered again."""
        many = min(math.ceil(rate * seconds / A_REQUEST), MOST_WRITTEN)
        self._ready.extend(self._written() for _ in range(many))
        before, sent, open = self._offered, 0, set[asyncio.Task[None]]()
        begun = monotonic()
        async with asyncio.TaskGroup() as group:
            while (gone := monotonic() - begun) < seconds:
                while sent < gone * rate:
                    sent += A_REQUEST
                    if len(open) < MOST_OPEN:  # what finds no connection is not made up
                        open.add(task := group.create_task(self._offer()))
                        task.add_done_callback(open.discard)
                await asyncio.sleep(_TICK_SECONDS)
            poured = Poured(self._offered - before, monotonic() - begun)
        self._ready.clear()
        return poured

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
        """Events a second that are taken from a few who wait for each answer."""
        begun, before = monotonic(), len(self.acknowledged)

        async def one() -> None:
            while monotonic() - begun < seconds:
                await self._offer()

        await asyncio.gather(*(one() for _ in range(_AT_FULL_SPEED)))
        return (len(self.acknowledged) - before) / (monotonic() - begun)

    async def post(self, events: list[CloudEvent], limit_seconds: float = math.inf) -> None:
        """These, in requests of 200, each until it is taken or the time is over; see `left`."""
        self._again.extend(
            body(events[n : n + A_REQUEST]) for n in range(0, len(events), A_REQUEST)
        )
        await self.until_taken(limit_seconds)

    async def _offer(self) -> None:
        waiting = self._ready or self._again
        chunk = waiting.popleft() if waiting else self._written()
        try:
            lane = await self._lane()
            self._offered += len(chunk.events)
            answer = await lane.post(self._request(chunk), chunk.content)
        except FAILURES as error:
            self.unanswered[type(error).__name__] += 1
            self._again.append(chunk)
            return
        self._lanes.append(lane)
        self.longest_seconds = max(self.longest_seconds, answer.seconds)
        self.answers[answer.status] += 1
        if answer.status in LATER:
            self._again.append(chunk)
        elif answer.status != ACCEPTED or _taken(answer.content).rejected:
            said = answer.content[:500].decode(errors="replace")
            raise CrosstieError(f"ingestion answered HTTP {answer.status}: {said}")
        else:
            self.acknowledged.update(chunk.events)

    async def _lane(self) -> Lane:
        """The one that was used last, so that few stay in use. Raises OSError."""
        while self._lanes:
            if (lane := self._lanes.pop()).usable:
                return lane
            lane.close()
        return await Lane.opened(self._host, self._port)

    def _request(self, chunk: Body) -> h11.Request:
        length = ("Content-Length", str(len(chunk.content)))
        return h11.Request(method="POST", target="/v1/events", headers=[*self._headers, length])

    def _written(self) -> Body:
        return body(itertools.islice(self._told, A_REQUEST))
