"""A batch of an inbox is committed once all of it is taken, and nothing after one that was not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from crosstie.errors import BrokerAway
from crosstie.runtime.service import Running
from services.ingestion import commits
from services.ingestion.inbox import Inbox
from tests.services.ingestion_world import settings_for

PLACE = TopicPartition("t.inbox.v1.members", 0)
OTHERS = TopicPartition("t.inbox.v1.members", 1)  # somebody else's by now


class Steps:
    """Stands for the letters and the consumer; notes what was done in which order."""

    def __init__(self, *, fails: bool = False) -> None:
        self.done: list[Any] = []
        self._fails = fails

    async def take(self, records: Sequence[Any]) -> None:
        if self._fails:
            raise BrokerAway("the service stops")
        self.done.append([each.offset for each in records])

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, 0)

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        self.done.append(ends)


def batch(*offsets: int, of: TopicPartition = PLACE) -> list[Any]:
    return [
        SimpleNamespace(topic=of.topic, partition=of.partition, offset=each) for each in offsets
    ]


async def read_by(steps: Steps) -> Inbox:
    settings = settings_for("127.0.0.1:1", "postgresql://x/x", "t.")
    inbox = Inbox(settings, steps, Running())  # type: ignore[arg-type]
    inbox._subscriber.consumer = steps
    return inbox


async def test_a_batch_is_committed_after_it_is_taken_and_only_where_it_is_ours() -> None:
    steps = Steps()
    await (await read_by(steps))._once(batch(3, 4) + batch(9, of=OTHERS))
    assert steps.done == [[3, 4, 9], {PLACE: 5}]


async def test_after_a_batch_that_was_not_taken_nothing_is_committed() -> None:
    steps = Steps(fails=True)
    inbox = await read_by(steps)
    await inbox._once(batch(3))
    steps._fails = False
    await inbox._once(batch(4))
    assert steps.done == []
    with pytest.raises(BrokerAway):
        inbox.failed.result()


class Idle(Steps):
    """A consumer that has read past a transaction's mark, and nothing came."""

    async def position(self, _place: TopicPartition) -> int:
        return 7

    async def read(self, _consumer: Any) -> Sequence[Any]:
        return ()


async def test_past_what_is_never_shown_is_committed_once_nothing_is_in_hand() -> None:
    steps = Idle()
    inbox = await read_by(steps)
    inbox._read = steps.read
    await inbox._next(steps)
    inbox._commits._idle_at = 0.0
    await inbox._next(steps)
    assert steps.done == [{PLACE: 7}]


async def test_after_a_batch_that_was_not_taken_idleness_commits_nothing() -> None:
    steps = Idle(fails=True)
    inbox = await read_by(steps)
    inbox._read = steps.read
    await inbox._once(batch(3))
    await inbox._next(steps)
    assert steps.done == []
    with pytest.raises(BrokerAway):
        inbox.failed.result()


class Rebalancing(Idle):
    """A consumer that got a second partition, and does not know yet where to begin in it."""

    def assignment(self) -> set[TopicPartition]:
        return {PLACE, OTHERS}

    async def position(self, place: TopicPartition) -> int:
        if place == OTHERS:
            await asyncio.Event().wait()
        return 7


async def test_a_partition_without_a_position_keeps_no_other_waiting() -> None:
    steps = Rebalancing()
    inbox = await read_by(steps)
    inbox._read = steps.read
    await inbox._next(steps)
    assert steps.done == [{PLACE: 7}]


class Unanswered(Steps):
    """A consumer whose coordinator does not answer, or that knows of no broker."""

    def __init__(self, error: type[Exception] | None) -> None:
        super().__init__()
        self._error = error

    async def commit(self, ends: dict[TopicPartition, int]) -> None:
        if self._error is None:
            await asyncio.Event().wait()
        else:
            raise self._error


@pytest.mark.parametrize("error", [None, KafkaConnectionError, AssertionError])
async def test_a_commit_that_fails_or_is_not_answered_stops_nobody(
    error: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "COMMIT_SECONDS", 0.01)
    steps = Unanswered(error)
    inbox = await read_by(steps)
    await inbox._once(batch(3))
    await inbox._once(batch(4))
    assert steps.done == [[3], [4]]
    assert not inbox.failed.done()
