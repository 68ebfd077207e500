"""A partition that waits for its log: what it says, and what reaches it there."""

from __future__ import annotations

import asyncio

import pytest

from crosstie.errors import BrokerAway, Unpublishable
from services.profile.memory import MemoryLog, MemoryOutlet
from services.profile.partition import Partition
from services.profile.ports import Image
from tests.logged import fields
from tests.profile_log import Writer
from tests.unit.profile.partition_world import (
    PUBLISHING,
    Held,
    World,
    at_work,
    contacts,
    turns,
    until,
    waiting,
)


async def test_it_says_that_it_reads_while_it_waits_for_the_log_and_then_no_more() -> None:
    world = World(contacts(Writer(), 2))
    worker = waiting(world)
    async with at_work(worker):
        await until(lambda: world.all_out)
        await until(lambda: worker.reading is True)
        assert world.unready == {}
    assert worker.reading is False
    assert world.unready == {}


async def test_while_a_batch_waits_to_be_stored_it_does_not_say_that_it_reads() -> None:
    world = World(contacts(Writer(), 6))
    worker = Partition(
        0,
        MemoryLog({0: world.records}, most=2),
        world.store,
        outlet := Held(world.topic),
        world.unready,
    )
    async with at_work(worker):
        await until(lambda: world.folded == 4)  # the second batch waits for the first to go out
        await turns()
        assert worker.reading is False
        outlet.go.set()
        await until(lambda: world.all_out)


class EndsSlowly(MemoryOutlet):
    """A broker's client that takes its time to give up an image."""

    publishing, closed_meanwhile = False, False

    async def publish(self, image: Image) -> None:
        self.publishing = True
        try:
            await asyncio.Event().wait()
        finally:
            await turns()
            self.publishing = False

    async def close(self) -> None:
        self.closed_meanwhile = self.publishing


async def test_what_publishes_is_closed_only_after_the_image_was_given_up() -> None:
    world = World(contacts(Writer(), 2))
    outlet = EndsSlowly(world.topic)
    task = asyncio.create_task(waiting(world, outlet).run())
    await until(lambda: outlet.publishing)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (outlet.publishing, outlet.closed_meanwhile) == (False, False)


async def test_released_while_nothing_comes_it_returns() -> None:
    world = World(contacts(Writer(), 2))
    worker = waiting(world)
    task = asyncio.create_task(worker.run())
    await until(lambda: world.all_out and worker.reading)
    await turns()
    worker.release()
    await until(task.done)
    assert world.store.partitions[0].epoch == 1, "it was taken once"


async def test_what_befalls_the_publishing_reaches_it_while_nothing_comes() -> None:
    world = World(contacts(Writer(), 2))
    outlet = Held(world.topic, Unpublishable("raise max.message.bytes"))
    worker = waiting(world, outlet)
    async with at_work(worker):
        await until(lambda: world.folded == 2)
        await turns()
        assert world.unready == {}
        outlet.go.set()
        await until(lambda: world.unready == {"partition 0": "raise max.message.bytes"})
    assert world.unready == {}


async def test_a_broker_that_was_away_once_leaves_nothing_unready() -> None:
    world = World(contacts(Writer(), 2))
    outlet = Held(world.topic, BrokerAway("no leader"))
    worker = waiting(world, outlet)
    async with at_work(worker):
        await until(lambda: world.folded == 2)
        outlet.go.set()
        await until(lambda: world.unready == {PUBLISHING: "opened again after: no leader"})
        await until(lambda: world.all_out)
        await until(lambda: world.unready == {})


@pytest.mark.parametrize("what", ["log gap", "unpublishable"])
async def test_what_an_operator_must_decide_is_logged_under_its_name(
    what: str, caplog: pytest.LogCaptureFixture
) -> None:
    records = contacts(Writer(), 3)
    world = World(records[1:] if what == "log gap" else records)
    outlet = Held(world.topic, Unpublishable("raise max.message.bytes"))
    outlet.go.set()
    with caplog.at_level("ERROR", "crosstie"):
        async with at_work(world.worker(outlet=outlet)):
            await until(lambda: len(caplog.records) == 1)
    (said,) = caplog.records
    assert said.getMessage() == what
    assert fields(said)["partition"] == 0
