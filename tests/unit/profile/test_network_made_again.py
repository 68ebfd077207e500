"""A network.v1 that was deleted and made again has lost its rows: all of them go out anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway
from services.profile import namesake, publisher
from services.profile.memory import MemoryTopic
from services.profile.namesake import MadeAgain, Namesake
from services.profile.ports import Image, Rows
from services.profile.publisher import KafkaOutlet
from tests.profile_log import Writer
from tests.unit.profile.partition_world import (
    World,
    at_work,
    clean_fold,
    contacts,
    newest,
    until,
)

IMAGE = Image(0, [(b"member/A", b"{}")], 1, 1)


async def test_whoever_takes_the_partition_next_publishes_all_of_its_rows() -> None:
    world = World(contacts(Writer(), 5))
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    world.topic = MemoryTopic(id="made again")
    async with at_work(world.worker()):
        await until(lambda: world.all_out and bool(world.topic.images))
    assert newest(world.topic) == clean_fold(world.records, {})


class Broker:
    """The topic of a name, and a producer for it that keeps what was committed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.id, self.end, self.committed = "first", 0, list[int]()
        monkeypatch.setattr(namesake, "topic_ids", lambda _, names: dict.fromkeys(names, self.id))
        monkeypatch.setattr(namesake, "_FRESH_SECONDS", 0.0)
        self.network = Namesake(Brokers("127.0.0.1:1"), "t.network.v1")

    def made_again(self) -> None:
        self.id, self.end = "second", 0

    def create_batch(self) -> Any:
        return SimpleNamespace(append=lambda **_: True)

    async def send_batch(self, *_: Any, **__: Any) -> Any:
        self.end += 2  # the batch, and the marker of its transaction
        return asyncio.sleep(0, SimpleNamespace(offset=self.end - 2))

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def begin_transaction(self) -> None: ...

    async def commit_transaction(self) -> None:
        self.committed.append(self.end)


async def outlet_on(broker: Broker, published: int = 0) -> KafkaOutlet:
    outlet = KafkaOutlet(lambda _: cast("Any", broker), "id", broker.network)
    await outlet.topic_id()
    await outlet.open()
    for _ in range(published):
        await outlet.publish(IMAGE)
    return outlet


async def test_rows_follow_one_another_while_the_topic_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker(monkeypatch)
    outlet = await outlet_on(broker)
    for _ in range(3):
        await outlet.publish(IMAGE)
    assert broker.committed == [2, 4, 6]


@pytest.mark.parametrize("published", [0, 1, 2])
async def test_nothing_is_committed_to_a_topic_that_was_made_again_meanwhile(
    published: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(monkeypatch)
    outlet = await outlet_on(broker, published)
    broker.made_again()
    with pytest.raises(MadeAgain, match=r"t\.network\.v1 was made again"):
        await outlet.publish(IMAGE)
    assert len(broker.committed) == published


@pytest.mark.parametrize("published", [0, 1])
async def test_nothing_is_committed_to_a_topic_that_was_made_again_between_two_pages(
    published: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker(monkeypatch)
    outlet = await outlet_on(broker, published)

    async def beyond() -> AsyncGenerator[Rows]:
        yield IMAGE.rows
        broker.made_again()
        yield IMAGE.rows

    with pytest.raises(MadeAgain, match=r"t\.network\.v1 was made again"):
        await outlet.publish(Image(0, [], 1, 1, beyond))
    assert len(broker.committed) == published


async def test_a_page_that_no_broker_takes_gives_way_to_other_partitions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker, closed = Broker(monkeypatch), list[bool]()
    outlet = await outlet_on(broker)

    async def silent(*_: Any, **__: Any) -> Any:
        return asyncio.get_running_loop().create_future()

    async def beyond() -> AsyncGenerator[Rows]:
        try:
            yield IMAGE.rows
        finally:
            closed.append(True)

    monkeypatch.setattr(broker, "send_batch", silent)
    monkeypatch.setattr(publisher, "PAGE_SECONDS", 0)
    with pytest.raises(BrokerAway):
        await outlet.publish(Image(0, [], 1, 1, beyond))
    assert (closed, broker.committed) == ([True], [])


async def test_no_row_is_sent_while_those_beyond_wait_for_their_turn() -> None:
    tombstone, row = (b"member/A", None), (b"member/B", b"{}")

    async def beyond() -> AsyncGenerator[Rows]:
        yield [row]

    pages = Image(0, [tombstone], 1, 1, beyond).pages()
    assert [list(each) async for each in pages] == [[row], [tombstone]]


async def test_who_asks_at_the_same_time_is_told_after_one_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = list[str]()

    async def counted(_: Brokers, topic: str) -> str:
        asked.append(topic)
        return "first"

    monkeypatch.setattr(namesake, "topic_id", counted)
    network = Namesake(Brokers("127.0.0.1:1"), "t.network.v1")
    assert await asyncio.gather(*(network.id() for _ in range(12))) == ["first"] * 12
    assert asked == ["t.network.v1"]
