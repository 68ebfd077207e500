"""Committed rounds reach Kafka in order, each once: images from PostgreSQL, one transaction.

Opening the transactional producer fences whoever published before; then the end of `rounds.v1`
says what is out already, so that nothing goes out twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.structs import RecordMetadata

from crosstie.errors import BrokerAway, LogGap
from crosstie.matching import ledger as ledgers
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.matching.record import following
from crosstie.runtime.away import in_transaction, reached
from crosstie.runtime.database import retrying
from crosstie.runtime.kafka import TRANSACTION_MS, partition_of, producer_options, started
from crosstie.runtime.service import Running
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.settings import Settings
from services.matching.store import Store
from services.matching.tail import RESTORE, rounds_from
from services.matching.written import Decision, Image

log = logger("matching.publishing")

CLOSE_SECONDS = 3.0
_TRANSACTIONAL_ID = "matching"  # after the deployment's prefix
TAKEN = "another leader publishes now"


def sole_producer(settings: Settings) -> AIOKafkaProducer:
    """What writes `rounds.v1`: once it is started, no other that was started before can."""
    return AIOKafkaProducer(
        **producer_options(settings),
        transactional_id=f"{settings.topic_prefix}{_TRANSACTIONAL_ID}",
        transaction_timeout_ms=TRANSACTION_MS,
    )


class Publisher:
    """Owns the transactional producer of the leader."""

    def __init__(self, settings: Settings, store: Store, running: Running) -> None:
        self._settings = settings
        self._store = store
        self._running = running
        self._producer: AIOKafkaProducer | None = None
        self._reasons = running.unready
        self._last = -1  # offset in rounds.v1 of the last record there, as far as we know

    async def take_over(self) -> None:
        """Fence the predecessor, agree with `rounds.v1`, publish what is not out.

        Raises LogGap where PostgreSQL and `rounds.v1` tell different histories.
        """
        await retrying(self._ready, self._running, "take over")
        await self.publish((await retrying(self._store.head, self._running)).n)

    async def publish(self, upto: int) -> None:
        """Publish the rounds up to `upto`. Raises Fenced when another leader does that now."""

        async def attempt() -> None:
            producer = await self._ready()
            topics = await self._store.unpublished_topics(upto)
            if topics:
                await self._sent(producer, topics, self._store.unpublished(upto))

        await retrying(attempt, self._running, "publish")
        await retrying(lambda: self._store.published(upto), self._running, "note what is published")

    async def close(self) -> None:
        """Let the producer go; an open transaction ends with the next one's start."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await stop(producer, CLOSE_SECONDS)

    async def _ready(self) -> AIOKafkaProducer:
        """The producer; a new one has agreed with `rounds.v1` before it is used."""
        if self._producer is None:
            producer = sole_producer(self._settings)
            try:
                await started(producer, self._running)
                await self._agree()
            except BaseException:
                await stop(producer, CLOSE_SECONDS)
                raise
            self._producer = producer
        return self._producer

    async def _agree(self) -> None:
        """Make head and `published_n` what `rounds.v1` says; roll forward where it knows more."""
        head = await self._store.head()
        out, end = await rounds_from(self._settings, head.n)
        last = out[-1].n if out else 0
        if last < head.published_n:
            raise LogGap(
                f"rounds.v1 ends at round {last}, but {head.published_n} were published; {RESTORE}"
            )
        await self._same_history([each for each in out if each.n <= head.n])
        await self._roll_forward(following(out, head.n, head.digest))
        await self._store.published(last)
        self._last = end - 1

    async def _same_history(self, out: list[Round]) -> None:
        if out and (mine := await self._store.round(out[-1].n)) != out[-1]:
            digest = "none" if mine is None else mine.digest
            raise LogGap(
                f"round {out[-1].n} has digest {out[-1].digest} in rounds.v1, {digest} in PostgreSQL"
            )

    async def _roll_forward(self, rounds: Iterator[Round]) -> None:
        """Take over from `rounds.v1` what a PostgreSQL that was restored to an older day lacks."""
        ledger: Ledger | None = None
        for round in rounds:
            ledger = ledgers.apply_round(ledger or (await self._store.ledger())[0], round)
            await self._store.commit(Decision(round, ledger, round.delivery, published=True))
            log.info("rolled forward", n=round.n, digest=round.digest)

    async def _sent(
        self, producer: AIOKafkaProducer, topics: list[str], images: AsyncIterator[list[Image]]
    ) -> None:
        try:
            await self._known(producer, topics)
            begun = False  # only once there is something at hand: all readers wait for its end
            async for some in images:
                with in_transaction(TAKEN):
                    if not begun:
                        await producer.begin_transaction()
                        begun = True
                    await self._put(producer, some)
            if begun:
                with in_transaction(TAKEN):
                    await producer.commit_transaction()
        except BaseException:
            await self.close()  # whether it went out is asked of rounds.v1 by the next one
            raise

    async def _known(self, producer: AIOKafkaProducer, topics: list[str]) -> None:
        """Every topic is as it should be: asked before the transaction, which would hold up readers."""
        for topic in topics:
            self._reasons["publishing"] = f"topic {topic} does not answer; does it exist?"
            with reached():
                there = len(await producer.partitions_for(topic))
            if there < (wanted := self._settings.topics.partitions(topic)):
                self._reasons["publishing"] = too_few = (
                    f"topic {topic} has {there} partitions, must have {wanted}; add what it lacks"
                )
                raise BrokerAway(too_few)
        self._reasons.pop("publishing", None)

    async def _put(self, producer: AIOKafkaProducer, images: list[Image]) -> None:
        """Into the open transaction; returns once all of them are acknowledged.

        What a suggestion's readers are told of it stays in order, also where somebody adds partitions.
        """
        topics = self._settings.topics
        began_with = {name: range(topics.partitions(name)) for name in {i.topic for i in images}}
        sent = [
            await producer.send(
                each.topic,
                each.value,
                each.key,
                partition=partition_of(each.key, began_with[each.topic]),
                headers=[(name, text.encode()) for name, text in each.headers],
            )
            for each in images
        ]
        try:
            self._still_the_same(await asyncio.gather(*sent))
        except MessageSizeTooLargeError as error:
            raise BrokerAway(
                f"a record of {max(len(each.value) for each in images)} bytes or less is too large for "
                f"one of {sorted(began_with)}: raise its max.message.bytes"
            ) from error

    def _still_the_same(self, sent: Sequence[RecordMetadata]) -> None:
        """Raises LogGap where `rounds.v1` is younger than what was sent to it before."""
        name = self._settings.topics.rounds.name
        # -1: a broker that has the record already, and does not know any more where
        offsets = [each.offset for each in sent if each.topic == name and each.offset >= 0]
        if offsets and min(offsets) <= self._last:
            raise LogGap(
                f"{name} goes on at offset {min(offsets)}, but {self._last} was written before: it was made "
                f"again under its name; {RESTORE}"
            )
        self._last = max(offsets, default=self._last)
