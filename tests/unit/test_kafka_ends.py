"""Where partitions end is told of all of them, or a broker is away: whoever asks goes on."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient, ConnectionGroup
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.offset import OffsetRequest

from crosstie.errors import BrokerAway
from crosstie.runtime.kafka import ends

TOPIC = "t.events.v1"


def asked(answer: BaseException | dict[int, int]) -> Any:
    """A consumer that answers so."""

    async def end_offsets(_: object) -> dict[TopicPartition, int]:
        if isinstance(answer, BaseException):
            raise answer
        return {TopicPartition(TOPIC, each): offset for each, offset in answer.items()}

    return SimpleNamespace(end_offsets=end_offsets)


async def test_they_are_told_by_partition() -> None:
    assert await ends(asked({0: 0, 1: 7}), TOPIC, range(2)) == {0: 0, 1: 7}


@pytest.mark.parametrize(
    "error",
    [
        KafkaConnectionError("closed"),
        TimeoutError(),
        ConnectionResetError(),
        AssertionError("3 should be less than or equal to 1 for 2"),
        KeyError((1, ConnectionGroup.DEFAULT)),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_client_that_gives_up_is_a_broker_that_is_away(error: BaseException) -> None:
    with pytest.raises(BrokerAway):
        await ends(asked(error), TOPIC, range(2))


@pytest.mark.parametrize("answer", [{0: 7}, {0: 7, 1: -1}, {}])
async def test_a_partition_of_which_nothing_is_told_is_not_passed_over(
    answer: dict[int, int],
) -> None:
    with pytest.raises(BrokerAway, match=r"where t\.events\.v1 ends in partitions \[.*1\]"):
        await ends(asked(answer), TOPIC, range(2))


async def test_whoever_is_cancelled_while_they_ask_is_cancelled() -> None:
    waits = asyncio.Event()

    async def end_offsets(_: object) -> None:
        waits.set()
        await asyncio.Event().wait()

    consumer: Any = SimpleNamespace(end_offsets=end_offsets)
    asking = asyncio.create_task(ends(consumer, TOPIC, range(2)))
    await waits.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with pytest.raises(TimeoutError):  # of whoever asks, who told us how long to wait
        async with asyncio.timeout(0):
            await ends(consumer, TOPIC, range(2))


async def test_aiokafka_looks_up_a_connection_that_is_gone_when_its_patience_ends() -> None:
    client = AIOKafkaClient()
    here = (1, ConnectionGroup.DEFAULT)

    async def in_vain() -> None:
        del client._conns[here]  # as whoever finds it closed does, to connect anew
        raise TimeoutError

    silent: Any = SimpleNamespace(connected=lambda: True, send=lambda *_, **__: in_vain())
    client._conns[here] = silent
    with pytest.raises(KeyError):  # else away.py need not mind it
        await client.send(1, OffsetRequest(-1, 1, []))
