"""A key keeps its partition, and topics may have more partitions than they began with."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Misconfigured
from crosstie.runtime import admin
from crosstie.runtime.kafka import producer_options
from crosstie.runtime.service import Running
from crosstie.settings import Settings
from crosstie.topics import LOG_PARTITIONS, Topics
from services.matching.publishing import Publisher
from services.matching.store import Store
from services.matching.written import Image

NOWHERE = Brokers("127.0.0.1:1")
SETTINGS = Settings(kafka_bootstrap=NOWHERE.bootstrap, database_url="postgresql://nowhere/x")
BEGAN_WITH = list(range(LOG_PARTITIONS))
WITH_MORE = [*BEGAN_WITH, LOG_PARTITIONS]


def partition_of(key: bytes | None, partitions: list[int], available: list[int]) -> int:
    partition: int = producer_options(SETTINGS)["partitioner"](key, partitions, available)
    return partition


@given(st.binary())
def test_a_key_keeps_its_partition_when_somebody_adds_one_to_the_log(key: bytes) -> None:
    assert partition_of(key, WITH_MORE, WITH_MORE) == partition_of(key, BEGAN_WITH, BEGAN_WITH)


def test_a_key_goes_where_kafkas_own_clients_put_it() -> None:
    # murmur2 of Kafka's own tests (UtilsTest), without its sign
    assert partition_of(b"foobar", BEGAN_WITH, BEGAN_WITH) == (-790332482 & 0x7FFFFFFF) % 12


def test_what_has_no_key_goes_to_a_partition_that_the_topic_began_with() -> None:
    assert partition_of(None, WITH_MORE, [3, LOG_PARTITIONS]) == 3


@pytest.mark.parametrize(("there_are", "refused"), [(11, True), (12, False), (13, False)])
def test_only_a_topic_with_fewer_partitions_is_refused(
    there_are: int, *, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Topics().events
    monkeypatch.setattr(admin, "_partitions", lambda _: {log.name: there_are})
    if not refused:
        assert admin.create_topics(NOWHERE, [log]) == []
        return
    with pytest.raises(Misconfigured, match="has 11 partitions, must be 12"):
        admin.create_topics(NOWHERE, [log])


async def test_what_matching_tells_goes_where_it_went_before_somebody_added_partitions() -> None:
    topics, sent = SETTINGS.topics, []

    class Producer:
        async def send(self, topic: str, *_: object, partition: int, **__: object) -> Any:
            sent.append((topic, partition))
            answer = asyncio.get_running_loop().create_future()
            answer.set_result(SimpleNamespace(topic=topic, partition=partition, offset=len(sent)))
            return answer

    keys = [b"%d" % n for n in range(40)]
    told, rounds = topics.suggestions("members"), topics.rounds
    images = [Image(topic.name, key, (), b"") for topic in (told, rounds) for key in keys]
    publisher = Publisher(SETTINGS, Store(cast("Any", None)), Running())
    await publisher._put(cast("Any", Producer()), images)
    assert sent == [
        (topic.name, partition_of(key, began, began))
        for topic in (told, rounds)
        for began in (list(range(topic.partitions)),)
        for key in keys
    ]


async def test_a_topic_with_fewer_partitions_is_told_before_anything_is_written() -> None:
    class Producer:
        async def partitions_for(self, _: str) -> set[int]:
            return {0}

    running, topic = Running(), SETTINGS.topics.suggestions("members").name
    publisher = Publisher(SETTINGS, Store(cast("Any", None)), running)
    with pytest.raises(BrokerAway, match=f"{topic} has 1 partitions, must have 6"):
        await publisher._known(cast("Any", Producer()), [topic])
    assert "must have 6" in running.unready["publishing"]
