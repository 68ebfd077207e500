"""What an inbox lacks is told once, and read on from where it begins; nothing is told in doubt."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from services.ingestion import gaps
from services.ingestion.commits import Commits
from services.ingestion.gaps import LOST, gone_over

PLACE = TopicPartition("t.inbox.v1.members", 2)


class Consumer:
    """aiokafka's consumer of an inbox with the records `first` to `end`."""

    def __init__(self, first: int, end: int, committed: int | None = None) -> None:
        self.first, self.end = first, end
        self.known = committed
        self.mine = {PLACE}
        self.sought: list[int] = []
        self.told: list[int] = []

    def assignment(self) -> set[TopicPartition]:
        return self.mine

    async def committed(self, _place: TopicPartition) -> int | None:
        return self.known

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.first)

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.end)

    def seek(self, place: TopicPartition, to: int) -> None:
        assert place == PLACE
        self.sought.append(to)

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        self.told.append(ends[PLACE])


def unread(offset: int) -> KafkaError:
    """As aiokafka raises it."""
    return OffsetOutOfRangeError({PLACE: offset})


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Any:
    """Event and fields of each line since."""
    caplog.set_level(logging.INFO, "crosstie.ingestion")
    return lambda: [(r.getMessage(), r.crosstie_fields) for r in caplog.records]  # type: ignore[attr-defined]


async def test_records_that_are_gone_are_told_and_counted(told: Any) -> None:
    consumer, before = Consumer(40, 90), LOST._value.get()
    await gone_over(consumer, unread(30), Commits())
    fields = {"topic": PLACE.topic, "partition": 2, "from": 30, "to": 39, "n": 10}
    assert told() == [("records lost", fields)]
    assert LOST._value.get() - before == 10
    assert (consumer.sought, consumer.told) == ([40], [40])


async def test_an_inbox_that_was_made_again_is_told_and_read_from_its_beginning(told: Any) -> None:
    consumer, before = Consumer(0, 7), LOST._value.get()
    await gone_over(consumer, unread(30), Commits())
    fields = {"topic": PLACE.topic, "partition": 2, "read": 30, "ends": 7}
    assert told() == [("inbox ends before what was read of it", fields)]
    assert LOST._value.get() == before
    assert (consumer.sought, consumer.told) == ([0], [0])


async def test_a_new_inbox_is_read_from_its_beginning_without_a_word(told: Any) -> None:
    consumer = Consumer(0, 7)
    await gone_over(consumer, NoOffsetForPartitionError(PLACE), Commits())
    assert told() == []
    assert (consumer.sought, consumer.told) == ([0], [0])


async def test_that_nobody_knows_how_far_an_inbox_was_read_is_told(told: Any) -> None:
    consumer, before = Consumer(40, 90), LOST._value.get()
    await gone_over(consumer, NoOffsetForPartitionError(PLACE), Commits())
    fields = {"topic": PLACE.topic, "partition": 2, "begins": 40}
    assert told() == [("not known how far an inbox was read", fields)]
    assert LOST._value.get() == before, "they may have been read"
    assert consumer.sought == [40]


@pytest.mark.parametrize("gap", [unread(45), NoOffsetForPartitionError(PLACE)])
async def test_where_nothing_is_amiss_any_more_nothing_is_told_nor_read_again(
    told: Any, gap: KafkaError
) -> None:
    consumer = Consumer(40, 90, committed=45)
    await gone_over(consumer, gap, Commits())
    assert told() == consumer.sought == consumer.told == []


@pytest.mark.parametrize("gap", [unread(30), NoOffsetForPartitionError(PLACE)])
async def test_a_partition_that_is_anothers_by_now_is_left_to_them(
    told: Any, gap: KafkaError
) -> None:
    consumer = Consumer(40, 90)
    consumer.mine = set()
    await gone_over(consumer, gap, Commits())
    assert told() == consumer.sought == consumer.told == []


@pytest.mark.parametrize("error", [None, KafkaConnectionError, AssertionError])
async def test_while_no_broker_answers_nothing_is_decided(
    told: Any, monkeypatch: pytest.MonkeyPatch, error: type[Exception] | None
) -> None:
    async def away(_places: list[TopicPartition]) -> dict[TopicPartition, int]:
        if error is None:
            await asyncio.Event().wait()
        else:
            raise error
        return {}

    monkeypatch.setattr(gaps, "_ASK_SECONDS", 0.01)
    monkeypatch.setattr(gaps, "_REST_SECONDS", 0.0)
    consumer = Consumer(40, 90)
    monkeypatch.setattr(consumer, "beginning_offsets", away)
    await gone_over(consumer, unread(30), Commits())
    assert [event for event, _ in told()] == ["not known where an inbox begins"]
    assert consumer.sought == consumer.told == []
