"""A hand that writes `network.v1`, and the events it folds.

It is a transactional writer as profile is one; nothing of matching is replaced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.partitioner import DefaultPartitioner

from crosstie.network.facts import Answered, Availability, Contact, Described, Event, Joined, Posted
from crosstie.network.fold import fold
from crosstie.network.state import Row, member_key, tie_key
from crosstie.network.wire import MARK_KEY, Mark, encode
from crosstie.runtime.kafka import ends
from crosstie.topics import LOG_PARTITIONS, Topics

_choose = DefaultPartitioner()
_EVERY = list(range(LOG_PARTITIONS))


def subject(number: int) -> str:
    """A subject id."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    digits = [letters[number // 32**place % 32] for place in range(4)]
    return "TESTSUBJECT" + "A" + "".join(reversed(digits))


def partition_of(key: str) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int(_choose(key.encode(), _EVERY, _EVERY))


@dataclass
class Hand:
    """Writes `network.v1` as profile does: rows, then a mark, in one transaction per partition.

    The log is as long as the marks say, and its records say nothing.
    """

    producer: AIOKafkaProducer
    log: AIOKafkaProducer
    reader: AIOKafkaConsumer  # of what is committed
    topics: Topics
    logged: dict[int, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)  # the last offset by partition
    ends: dict[int, int] = field(default_factory=dict)
    latest: dict[int, int] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    count: int = 0

    def event(self, key: str, type: str, data: Any, at: int) -> Event:
        self.count += 1
        return Event("test", str(self.count), f"org.crosstie.{type}.v1", at, key, data)

    async def tell(self, events: Iterable[Event]) -> None:
        """Fold `events` and publish the rows that changed, a transaction per partition."""
        touched: dict[int, dict[str, Row | None]] = {}
        for each in events:
            partition = partition_of(each.key)
            row = fold(self.rows.get(each.key), each)
            if row is None:
                self.rows.pop(each.key, None)
            else:
                self.rows[each.key] = row
            touched.setdefault(partition, {})[each.key] = row
            self.ends[partition] = self.ends.get(partition, 0) + 1
            self.latest[partition] = max(self.latest.get(partition, 0), each.time)
        for partition in touched:
            await self.log_up_to(partition, self.ends[partition])
        for partition, rows in touched.items():
            await self.producer.begin_transaction()
            await self.put(partition, rows, mark=True)
            await self.commit()

    async def log_up_to(self, partition: int, end: int) -> None:
        """Make the log of a partition that long, at least."""
        missing = range(self.logged.get(partition, 0), end)
        topic = self.topics.events.name
        for sent in [await self.log.send(topic, b"{}", partition=partition) for _ in missing]:
            await sent
        self.logged[partition] = max(self.logged.get(partition, 0), end)

    async def commit(self) -> None:
        """Commit, and wait until it shows: a commit is answered before its marks are written."""
        await self.producer.commit_transaction()
        while not await self._shows():  # noqa: ASYNC110  the state is the broker's
            await asyncio.sleep(0.01)

    async def _shows(self) -> bool:
        found = await ends(self.reader, self.topics.network.name, self.written)
        return all(end > self.written[partition] for partition, end in found.items())

    async def put(self, partition: int, rows: dict[str, Row | None], *, mark: bool) -> None:
        """Send rows, and the partition's mark after them; the caller minds the transaction."""
        records = [(key, None if row is None else encode(row)) for key, row in rows.items()]
        if mark:
            await self.log_up_to(partition, self.ends.get(partition, 0))
            progress = Mark(self.ends.get(partition, 0), self.latest.get(partition, 0))
            records.append((MARK_KEY, encode(progress)))
        sent = [
            await self.producer.send(
                self.topics.network.name, value, key.encode(), partition=partition
            )
            for key, value in records
        ]
        self.written[partition] = max([(await each).offset for each in sent])


def joins(hand: Hand, number: int, at: int, **facts: Any) -> list[Event]:
    """A member who has time, a need and an offer."""
    who = subject(number)
    key = member_key(who)
    sector = ("primary care", "housing", "education", "prisons")[number % 4]
    described: dict[str, Any] = {
        "sector": sector,
        "profession": "manager",
        "role": f"lead of {sector}",
        "level": 1 + number % 7,
        "place": "Leeds",
    }
    available = facts.pop("available", Availability(who, 3, 1, 1))
    return [
        hand.event(key, "member.joined", Joined(who, consent=True), at),
        hand.event(key, "member.described", Described(who, **(described | facts)), at),
        hand.event(key, "availability.set", available, at),
        hand.event(
            key, "need.posted", Posted(who, f"n{number}", "falls at home after discharge"), at
        ),
        hand.event(
            key, "offer.posted", Posted(who, f"o{number}", "falls prevention after discharge"), at
        ),
    ]


def meets(hand: Hand, a: int, b: int, at: int) -> Event:
    pair = (subject(a), subject(b))
    return hand.event(tie_key(*pair), "contact.made", Contact(pair, "met", pair[0]), at)


def answers(
    hand: Hand, suggestion: str, by: str, members: tuple[str, str], answer: str, at: int
) -> Event:
    data = Answered(members, by, suggestion, answer)
    return hand.event(tie_key(*members), "suggestion.answered", data, at)
