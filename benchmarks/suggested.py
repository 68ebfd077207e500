"""A platform that sends events over HTTP and reads what it is told from Kafka, with the times of both."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field

import httpx
import msgspec
from aiokafka import AIOKafkaConsumer

from benchmarks import loaded, networks
from benchmarks.door import SOURCE
from crosstie.instants import to_rfc3339
from crosstie.network.rows import Rows
from crosstie.runtime.kafka import consumer_options
from crosstie.settings import Settings

HOSTS, OPENED = 200, 2  # people who always have time; introductions a week of whoever asks
TICK_SECONDS = 0.1
ANSWERS, KNOWN = 0.05, 0.9  # shares: of answers among the other events, of known people in contacts
AWAIT_MS = 100


@dataclass
class Run:
    """What was sent and what came back; times are monotonic seconds."""

    begun: float = field(default_factory=time.monotonic)
    count: int = 0
    opened: dict[str, float] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # whose time was sent, answered or not
    suggested: dict[str, float] = field(default_factory=dict)
    open: list[tuple[str, list[dict[str, str]]]] = field(
        default_factory=list
    )  # suggestions and members

    def event(self, kind: str, data: dict[str, object]) -> dict[str, object]:
        """The next event; its own time goes on as the run does."""
        self.count += 1
        at = networks.START + int((time.monotonic() - self.begun) * 1e6)
        return {
            "specversion": "1.0", "id": f"e{self.count}", "source": SOURCE, "time": to_rfc3339(at),
            "type": f"org.crosstie.{kind}.v1", "data": data,
        }  # fmt: skip

    def has_time(self, subject: str, weekly: int) -> dict[str, object]:
        said = {"member": loaded.person(subject), "introductions_per_week": weekly}
        return self.event("availability.set", said)

    def latencies(self, without_seconds: float = 0.0) -> list[float]:
        """Seconds from the 202 to the suggestion; a suggestion that was faster counts as 0.

        Without those who were answered in the first seconds.
        """
        since = min(self.opened.values(), default=0.0) + without_seconds
        return [
            max(self.suggested[each] - at, 0.0)
            for each, at in self.opened.items()
            if each in self.suggested and at >= since
        ]


class Side(msgspec.Struct):
    """One of two."""

    person: dict[str, str]


class Told(msgspec.Struct):
    """What a platform is told of a suggestion, as far as it is looked at here."""

    suggestion: str
    state: str
    members: list[Side] = []


_TOLD = msgspec.json.Decoder(Told)


class Platforms:
    """The client: over HTTP in, from Kafka out."""

    def __init__(self, settings: Settings, door: httpx.AsyncClient, run: Run) -> None:
        self.settings, self.door, self.run = settings, door, run
        self.abreast = asyncio.Event()  # all that was told before this read is read

    async def post(self, events: list[dict[str, object]]) -> None:
        """Send, and again where there is no room."""
        body = json.dumps(events).encode()
        while (answer := await self.door.post("/v1/events", content=body)).status_code != 202:
            if answer.status_code not in {429, 503}:
                raise SystemExit(f"{answer.status_code}: {answer.text[:500]}")
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))

    async def opens(self, subject: str) -> None:
        """Somebody has time: the clock starts with the answer."""
        self.run.asked.add(subject)
        await self.post([self.run.has_time(subject, OPENED)])
        self.run.opened[subject] = time.monotonic()

    async def read(self) -> None:
        """Read what the platform is told, for as long as it lasts."""
        topic = self.settings.topics.suggestions("bench").name
        options = consumer_options(self.settings) | {"auto_offset_reset": "earliest"}
        async with AIOKafkaConsumer(topic, **options) as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            while True:
                for records in (await consumer.getmany(timeout_ms=AWAIT_MS)).values():
                    self._heard(time.monotonic(), [record.value for record in records])
                if all([await consumer.position(each) >= end for each, end in ends.items()]):
                    self.abreast.set()

    def _heard(self, now: float, values: list[bytes]) -> None:
        for said in map(_TOLD.decode, values):
            if said.state != "made":
                continue
            members = [each.person for each in said.members]
            self.run.open.append((said.suggestion, members))
            for each in members:
                if each["id"] in self.run.asked:
                    self.run.suggested.setdefault(each["id"], now)


async def load(client: Platforms, rows: Rows, seconds: float, rate: int) -> None:
    """So many events a second for so long."""
    draw, pairs = random.Random(5), list(rows.ties)[:: max(len(rows.ties) // 50_000, 1)]
    names = sorted(rows.members)
    idle = [
        each
        for each in names[HOSTS:]
        if rows.members[each].availability.introductions_per_week == 0
    ]
    draw.shuffle(idle)
    begun, tasks = time.monotonic(), set[asyncio.Task[None]]()
    for n in range(int(seconds / TICK_SECONDS)):
        await asyncio.sleep(max(begun + n * TICK_SECONDS - time.monotonic(), 0))
        events = [
            _other(client.run, draw, names, pairs) for _ in range(int(rate * TICK_SECONDS) - 1)
        ]
        for work in (client.post(events), client.opens(loaded.subject(idle[n]))):
            task = asyncio.create_task(work)
            tasks.add(task)
            task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


def _other(
    run: Run, draw: random.Random, names: list[str], pairs: list[tuple[str, str]]
) -> dict[str, object]:
    """An answer, or a contact, most often of people who know each other."""
    if run.open and draw.random() < ANSWERS:
        suggestion, members = run.open.pop(draw.randrange(len(run.open)))
        said: dict[str, object] = {
            "members": members,
            "by": draw.choice(members),
            "suggestion": suggestion,
        }
        return run.event(
            "suggestion.answered", said | {"answer": draw.choice(("accepted", "declined"))}
        )
    one, other = draw.choice(pairs) if draw.random() < KNOWN else draw.sample(names, 2)
    members = [loaded.person(loaded.subject(each)) for each in (one, other)]
    return run.event("contact.made", {"members": members, "channel": "met"})
