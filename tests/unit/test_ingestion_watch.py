"""When a consumer counts as standing still, and how it is stopped though its tasks are cancelled."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import KafkaConnectionError

from crosstie.runtime.service import Running
from services.ingestion.inbox import Inbox
from tests.services.ingestion_world import settings_for

PLACE = TopicPartition("t.inbox.v1.members", 0)


class Consumer:
    """aiokafka's consumer as far as the watch asks it: at 3 of 5, or without an answer."""

    def __init__(self, *, silent: bool = False, position: int = 3) -> None:
        self._silent = silent
        self.at = position

    def assignment(self) -> set[TopicPartition]:
        return {PLACE}

    async def end_offsets(self, places: set[TopicPartition]) -> dict[TopicPartition, int]:
        if self._silent:
            raise KafkaConnectionError
        return dict.fromkeys(places, 5)

    async def position(self, place: TopicPartition) -> int:
        return self.at

    async def stop(self) -> None:
        raise asyncio.CancelledError


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("services.ingestion.inbox._QUIET_SECONDS", 0.01)
    monkeypatch.setattr("services.ingestion.inbox._STALLED_SECONDS", 0.3)
    monkeypatch.setattr("services.ingestion.inbox._DOUBT_SECONDS", 0.05)

    async def made(consumer: Consumer) -> Inbox:
        found = Inbox(settings_for("127.0.0.1:1", "postgresql://x/x", "t."), Any, Running())  # type: ignore[arg-type]
        found._subscriber.consumer = consumer
        return found

    return made


@pytest.mark.parametrize("consumer", [Consumer(), Consumer(silent=True)])
async def test_behind_or_without_an_answer_it_stands_still(inbox: Any, consumer: Consumer) -> None:
    hanging = await inbox(consumer)
    await hanging._stands_still()
    assert list(hanging._running.unready) == ["consumer"]


async def test_one_that_moves_again_is_ready_again(
    inbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingestion.inbox._STALLED_SECONDS", 3_600.0)
    moving = await inbox(consumer := Consumer())
    watching = asyncio.create_task(moving._stands_still())
    async with asyncio.timeout(10):
        while "consumer" not in moving._running.unready:  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0)
        consumer.at = 5
        while "consumer" in moving._running.unready:  # noqa: ASYNC110  nobody tells us
            await asyncio.sleep(0)
    assert not watching.done()
    watching.cancel()


async def test_at_the_end_it_does_not(inbox: Any) -> None:
    watching = asyncio.create_task((await inbox(Consumer(position=5)))._stands_still())
    await asyncio.wait((watching,), timeout=0.6)
    assert not watching.done()
    watching.cancel()


async def test_while_no_broker_answers_it_is_not_the_consumer_that_hangs(inbox: Any) -> None:
    waiting = await inbox(Consumer(silent=True))
    waiting._running.unready["kafka"] = "no answer within 3 s"
    watching = asyncio.create_task(waiting._stands_still())
    await asyncio.wait((watching,), timeout=0.6)
    assert not watching.done()
    del waiting._running.unready["kafka"]
    await watching


async def test_a_consumer_that_gave_its_group_up_owns_nothing_and_is_replaced(inbox: Any) -> None:
    assert "_coordination_task" in GroupCoordinator.__init__.__code__.co_names
    assert "_coordinator" in AIOKafkaConsumer.start.__code__.co_names
    idle = Consumer(position=5)
    coordinator: Any = SimpleNamespace(_coordination_task=asyncio.create_task(asyncio.sleep(0)))
    idle._coordinator = coordinator  # type: ignore[attr-defined]
    await coordinator._coordination_task
    await (await inbox(idle))._stands_still()


async def test_a_consumer_that_cancels_itself_is_stopped_and_nobody_else_is(inbox: Any) -> None:
    assert await (await inbox(Consumer())).stop()
