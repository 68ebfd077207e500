"""What an inbox lacks is told once the group is past it; nothing is told in doubt."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, RebalanceInProgressError

from services.ingestion import commits
from services.ingestion.commits import Commits
from services.ingestion.gaps import LOST
from tests.logged import fields

PLACE = TopicPartition("t.inbox.v1.members", 2)
WHERE = {"topic": PLACE.topic, "partition": PLACE.partition}


class Consumer:
    """aiokafka's consumer of an inbox that begins at `begins` and of which the group read so far."""

    def __init__(self, begins: int, group: int | None) -> None:
        self.begins, self.group = begins, group
        self.at = 0
        self.fails: Mapping[str, type[Exception]] = {}
        self.asked: list[str] = []

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def position(self, place: TopicPartition) -> int:
        return self.at

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        self._noted("begins")
        return dict.fromkeys(places, self.begins)

    async def committed(self, place: TopicPartition) -> int | None:
        self._noted("committed")
        return self.group

    async def commit(self, ends: Mapping[TopicPartition, int]) -> None:
        self._noted("commit")
        self.group = ends[PLACE]

    def _noted(self, question: str) -> None:
        self.asked.append(question)
        if question in self.fails:
            raise self.fails[question]


def records(offsets: Iterable[int]) -> list[Any]:
    return [SimpleNamespace(topic=PLACE.topic, partition=2, offset=each) for each in offsets]


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Any:
    """Event and fields of each line since, but for those of commits that failed."""
    caplog.set_level(logging.INFO, "crosstie.ingestion")
    return lambda: [
        (r.getMessage(), fields(r)) for r in caplog.records if r.getMessage() != "not committed"
    ]


async def test_records_that_are_gone_are_told_and_counted(told: Any) -> None:
    consumer, before = Consumer(begins=40, group=30), LOST._value.get()
    await Commits().batch(consumer, records([40, 41]))
    assert told() == [("records lost", WHERE | {"from": 30, "to": 39, "n": 10})]
    assert LOST._value.get() - before == 10
    assert consumer.group == 42


async def test_where_every_record_is_gone_it_is_told_without_a_new_one(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "_IDLE_SECONDS", -1.0)
    consumer, ours = Consumer(begins=40, group=30), Commits()
    consumer.at = 40
    await ours.idle(consumer)
    await ours.idle(consumer)
    assert told() == [("records lost", WHERE | {"from": 30, "to": 39, "n": 10})]


async def test_what_is_deleted_between_two_batches_is_told(told: Any) -> None:
    consumer, ours = Consumer(begins=0, group=0), Commits()
    await ours.batch(consumer, records([0, 1, 2]))
    consumer.begins = 7
    await ours.batch(consumer, records([7]))
    assert told() == [("records lost", WHERE | {"from": 3, "to": 6, "n": 4})]


async def test_of_records_one_after_the_other_nobody_is_asked() -> None:
    consumer, ours = Consumer(begins=0, group=None), Commits()
    await ours.batch(consumer, records([0, 1]))
    await ours.batch(consumer, records([2, 3]))
    assert consumer.asked == ["commit", "commit"]


async def test_marks_of_transactions_are_no_gap(told: Any) -> None:
    consumer, ours = Consumer(begins=0, group=None), Commits()
    await ours.batch(consumer, records([0, 1, 3]))
    await ours.batch(consumer, records([5]))
    assert told() == []
    assert consumer.asked == ["commit", "begins", "commit"]


@pytest.mark.parametrize("begins", [30, 35, 60])
async def test_what_others_read_meanwhile_or_goes_after_it_was_read_is_not_lost(
    told: Any, begins: int
) -> None:
    consumer, ours = Consumer(begins=0, group=0), Commits()
    await ours.batch(consumer, records([0]))
    consumer.begins, consumer.group = begins, 35  # it was another's, and came back
    await ours.batch(consumer, records([35, 36]))
    assert told() == []


async def test_a_new_inbox_is_read_without_a_word(told: Any) -> None:
    consumer = Consumer(begins=0, group=None)
    await Commits().batch(consumer, records([0]))
    assert told() == []


async def test_that_nobody_knows_how_far_an_inbox_was_read_is_told(told: Any) -> None:
    consumer, before = Consumer(begins=40, group=None), LOST._value.get()
    await Commits().batch(consumer, records([40]))
    assert told() == [("not known how far an inbox was read", WHERE | {"begins": 40})]
    assert LOST._value.get() == before, "they may have been read"


@pytest.mark.parametrize("error", [KafkaConnectionError, RebalanceInProgressError, AssertionError])
@pytest.mark.parametrize("question", ["begins", "committed", "commit"])
async def test_it_is_told_once_and_only_when_the_group_is_past_it(
    told: Any, question: str, error: type[KafkaError]
) -> None:
    consumer, ours = Consumer(begins=40, group=30), Commits()
    consumer.fails = {question: error}
    await ours.batch(consumer, records([40, 41]))
    assert (told(), consumer.group) == ([], 30)
    consumer.fails = {}
    await ours.batch(consumer, records([42]))
    await ours.batch(consumer, records([43]))
    assert told() == [("records lost", WHERE | {"from": 30, "to": 39, "n": 10})]
