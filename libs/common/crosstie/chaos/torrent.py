"""More than a worker can carry, by both doors at once: contacts between people who are known.

What the HTTP door turns away is offered again, for as long as one likes; what the inbox takes is
acknowledged at once, and waits there.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx
import msgspec
from confluent_kafka import KafkaException, Producer

from crosstie import instants
from crosstie.brokers import Brokers
from crosstie.client.inbox import record_of
from crosstie.errors import BrokerAway, CrosstieError
from crosstie.replay.delivery import Identity
from crosstie.simulate.stream import cloud_event

CloudEvent = dict[str, Any]
A_REQUEST = 200  # events
MOST_WRITTEN = 2_000  # requests beforehand, of 60 KB each
MOST_OPEN = 400  # requests at once, more than a worker takes in hand
LATER = frozenset((429, 503))
_encode = msgspec.json.Encoder().encode
_TICK_SECONDS = 0.02
_FLUSH_SECONDS = 120.0
_SECOND_US = 1_000_000
_IDLE_SECONDS = 1.0  # the door hangs up on whoever is idle for longer; else we might just write


class Told:
    """Events without end, each its own: first that everybody joins, then who met whom."""

    def __init__(self, source: str, authority: str, people: int, since: int) -> None:
        """`since`: microseconds; contacts are a second apart."""
        self._source, self._authority, self._since = source, authority, since
        self._people = people
        self._numbers = itertools.count()

    def joined(self) -> list[CloudEvent]:
        """Everybody, with consent."""
        return [
            self._event(
                f"joined-{n}",
                self._since,
                "member.joined",
                {"member": self._person(n), "consent": True},
            )
            for n in range(self._people)
        ]

    def contacts(self) -> Iterator[CloudEvent]:
        """Every pair in turn, then again."""
        for n in self._numbers:
            one = n % self._people
            other = (one + 1 + n // self._people % (self._people - 1)) % self._people
            members = [self._person(one), self._person(other)]
            data = {"members": members, "channel": "met"}
            yield self._event(f"met-{n}", self._since + n * _SECOND_US, "contact.made", data)

    def _person(self, n: int) -> dict[str, Any]:
        return {"authority": self._authority, "id": f"p{n}"}

    def _event(self, id: str, time: int, noun_verb: str, data: dict[str, Any]) -> CloudEvent:
        return cloud_event(self._source, id, time, noun_verb, data)


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
        self._again: deque[Body] = deque()
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
        self._again.extend(self._written() for _ in range(many))
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

    @property
    def left(self) -> int:
        """Events that were shed, and are not offered again."""
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
        chunk = self._again.popleft() if self._again else self._written()
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


def began() -> int:
    """Long ago: whatever is told lies before now."""
    return instants.from_rfc3339("2020-01-06T00:00:00Z")
