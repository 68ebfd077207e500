"""Reading what became of a platform's suggestions, as any platform would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from crosstie import instants
from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Misconfigured
from crosstie.runtime.stopping import stop
from crosstie.runtime.telemetry import logger
from crosstie.suggestions import SuggestionChanged

log = logger("client")

_PATIENCE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Received:
    """One record of a suggestions topic; `appended`: when Kafka wrote it, milliseconds."""

    change: SuggestionChanged
    time: int  # event time, microseconds
    appended: int
    place: tuple[int, int]  # partition and offset


class Suggestions:
    """All partitions of one platform's suggestions, without a group: nobody's offsets move."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def read(self, wait_seconds: float) -> list[Received]:
        """What has come; waits that long when there is nothing. Raises BrokerAway.

        A record that is no suggestion is passed over: whoever wrote it, it holds up none that is.
        """
        try:
            batches = await self._consumer.getmany(timeout_ms=round(1000 * wait_seconds))
        except KafkaError as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error
        found = (_understood(record) for records in batches.values() for record in records)
        return [each for each in found if each is not None]

    async def so_far(self) -> AsyncIterator[Received]:
        """Everything up to where the topic ends now, and maybe some that comes meanwhile."""
        try:
            ends = await self._consumer.end_offsets(self._consumer.assignment())
            for partition, end in ends.items():
                while await self._consumer.position(partition) < end:
                    for each in await self.read(wait_seconds=1.0):
                        yield each
        except KafkaError as error:
            raise BrokerAway(f"{type(error).__name__}: {error}") from error

    async def follow(self) -> AsyncIterator[Received]:
        """Everything that comes, until cancelled."""
        while True:
            for each in await self.read(wait_seconds=1.0):
                yield each


def received(record: Any) -> Received:
    """A record as the AsyncAPI document describes it."""
    headers = {name: value.decode() for name, value in record.headers}
    return Received(
        change=SuggestionChanged.model_validate_json(record.value),
        time=instants.from_rfc3339(headers["ce_time"]),
        appended=record.timestamp,
        place=(record.partition, record.offset),
    )


def _understood(record: Any) -> Received | None:
    try:
        return received(record)
    except (
        ValueError,
        KeyError,
        AttributeError,
    ):  # pydantic's and decoding's errors are ValueErrors
        place = f"{record.topic}-{record.partition}@{record.offset}"
        log.warning("passed over: no suggestion", at=place)
        return None


@asynccontextmanager
async def suggestions(
    brokers: Brokers, topic: str, *, from_beginning: bool
) -> AsyncIterator[Suggestions]:
    """A connected reader of `topic`. Raises BrokerAway, Misconfigured where there is no such topic."""
    consumer = AIOKafkaConsumer(
        topic,  # without a group: every partition is assigned
        **brokers.aiokafka(),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        request_timeout_ms=_PATIENCE_MS,
        metadata_max_age_ms=10_000,
    )
    try:
        await consumer.start()
    except UnknownTopicOrPartitionError as error:
        await stop(consumer)
        remedy = "`crosstie platforms add` makes it"
        raise Misconfigured(f"there is no topic {topic}; {remedy}") from error
    except KafkaError as error:
        await stop(consumer)
        raise BrokerAway(f"no Kafka at {brokers}: {error}") from error
    try:
        if from_beginning:
            await consumer.seek_to_beginning()
        else:
            await consumer.seek_to_end()
        yield Suggestions(consumer)
    finally:
        await stop(consumer)
