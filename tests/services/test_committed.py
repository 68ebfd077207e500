"""How far a group is, asked by somebody who is not in it."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import SecretStr

from crosstie.errors import BrokerAway
from crosstie.runtime.admin import create_topics, partitions_of
from crosstie.runtime.group_offsets import committed
from crosstie.runtime.stack import Stack
from crosstie.settings import Settings
from tests.e2e.waiting import until

GROUP = "readers"


@pytest.fixture
async def asking(stack: Stack, topic_prefix: str) -> Settings:
    settings = Settings(
        kafka_bootstrap=stack.bootstrap,
        database_url=SecretStr("postgresql://nowhere"),
        topic_prefix=topic_prefix,
    )
    await asyncio.to_thread(create_topics, settings.brokers, settings.topics.shared())

    async def known() -> bool:
        return settings.topics.dlq.name in await asyncio.to_thread(partitions_of, settings.brokers)

    await until(known, "the broker tells of the topics")
    return settings


async def test_partitions_that_a_group_never_read_are_at_0(asking: Settings) -> None:
    topic = asking.topics.dlq.name
    assert await committed(asking.brokers, f"{asking.topic_prefix}strangers", topic) == {
        0: 0,
        1: 0,
        2: 0,
    }


async def test_what_a_group_said_is_told_and_the_group_is_not_joined(asking: Settings) -> None:
    topic, group = asking.topics.dlq.name, f"{asking.topic_prefix}{GROUP}"
    consumer = AIOKafkaConsumer(topic, **asking.brokers.aiokafka(), group_id=group)
    await consumer.start()
    try:
        await consumer.commit({TopicPartition(topic, 1): 7})
        assert await committed(asking.brokers, group, topic) == {0: 0, 1: 7, 2: 0}
        assert len(consumer.assignment()) == 3  # nobody came to share them
    finally:
        await consumer.stop()


async def test_a_coordinator_that_does_not_answer_in_time_is_away(
    asking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(AIOKafkaConsumer, "committed", never)
    with pytest.raises(BrokerAway, match="cannot ask how far"):
        await committed(asking.brokers, GROUP, asking.topics.dlq.name, limit_seconds=0.5)


async def test_a_broker_that_names_no_brokers_is_away(
    asking: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asserted(*_: object) -> None:
        raise AssertionError("Did we not perform bootstrap?")  # aiokafka's own, word for word

    monkeypatch.setattr(AIOKafkaConsumer, "committed", asserted)
    with pytest.raises(BrokerAway, match="cannot ask how far"):
        await committed(asking.brokers, GROUP, asking.topics.dlq.name)
