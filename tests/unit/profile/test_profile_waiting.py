"""A partition that waits for its log: what it says, and what reaches it there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from crosstie.errors import BrokerAway, DatabaseAway, Unpublishable
from services.profile.batch import Outcome
from services.profile.memory import MemoryLog, MemoryOutlet, MemoryStore, MemoryTopic
from services.profile.partition import Partition
from services.profile.ports import Hold, Image
from tests.logged import fields
from tests.profile_log import Logged, Writer
from tests.unit.profile.partition_world import World, at_work, contacts, until

PUBLISHING = "partition 0, publishing"


class Quiet(MemoryLog):
    """A log that answers only once there is something."""

    def __init__(self, records: Sequence[Logged]) -> None:
        super().__init__({0: list(records)})
        self.more = asyncio.Event()

    async def fetch(self, partition: int) -> Sequence[Logged]:
        while not (found := await super().fetch(partition)):
            await self.more.wait()
        return found  # type: ignore[return-value]  # the protocol knows less of a record


class Held(MemoryOutlet):
    """A broker that takes an image when it is let go, and then does as it was told."""

    def __init__(self, topic: MemoryTopic, error: Exception | None = None) -> None:
        super().__init__(topic)
        self.go, self.error = asyncio.Event(), error

    async def publish(self, image: Image) -> None:
        await self.go.wait()
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        await super().publish(image)


def waiting(world: World, outlet: MemoryOutlet | None = None) -> Partition:
    log = Quiet(world.records)
    return Partition(0, log, world.store, outlet or MemoryOutlet(world.topic), world.unready)


async def turns() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


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


class OpensLate(MemoryOutlet):
    """A broker that lets nobody begin before `go`."""

    def __init__(self, topic: MemoryTopic) -> None:
        super().__init__(topic)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def open(self) -> None:
        self.asked.set()
        await self.go.wait()
        await super().open()


class TakenLate(MemoryStore):
    """A database that is away when it is asked first."""

    asked = 0

    async def take(self, partition: int, topic_id: str) -> Hold:
        self.asked += 1
        if self.asked == 1:
            raise DatabaseAway("restarts")
        return await super().take(partition, topic_id)


@pytest.mark.parametrize(
    ("store", "reason"), [(MemoryStore, "not taken yet"), (TakenLate, "restarts")]
)
async def test_a_partition_is_unready_until_it_may_publish_whatever_it_got_over(
    store: type[MemoryStore], reason: str
) -> None:
    world = World(contacts(Writer(), 2))
    world.store = store()
    outlet = OpensLate(world.topic)
    async with at_work(waiting(world, outlet)):
        await until(outlet.asked.is_set)
        before = dict(world.unready)
        outlet.go.set()
        await until(lambda: world.all_out)
        assert (before, world.unready) == ({"partition 0": reason}, {})


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


class NoLeader(MemoryOutlet):
    """A broker of a partition without a leader, until `leads`, or it is opened once `comes_back`."""

    leads = comes_back = False

    async def open(self) -> None:
        await super().open()
        self.leads = self.leads or self.comes_back

    async def publish(self, image: Image) -> None:
        if not self.leads:
            raise BrokerAway("no leader")
        await super().publish(image)


class RestartsOnce(MemoryStore):
    """A database that is away for a moment once something was committed."""

    restarts = True

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        if self.partitions[0].next_offset and self.restarts:
            self.restarts = False
            raise DatabaseAway("restarts")
        return await super().commit(hold, outcome)


async def test_who_gets_over_an_error_of_reading_stays_unready_while_it_cannot_publish() -> None:
    world = World(contacts(Writer(), 6))
    world.store = RestartsOnce()
    outlet = NoLeader(world.topic)
    async with at_work(world.worker(outlet=outlet)):
        await until(lambda: world.folded == 6)  # beside the publishing of the first batch
        assert not world.store.restarts
        assert world.unready == {PUBLISHING: "opened again after: no leader"}
        outlet.leads = True
        await until(lambda: world.all_out)
        await until(lambda: world.unready == {})


async def test_who_was_fenced_while_it_could_not_publish_is_ready_once_it_owns_again() -> None:
    world = World(contacts(Writer(), 2))
    outlet = NoLeader(world.topic)
    async with at_work(waiting(world, outlet)):
        await until(lambda: PUBLISHING in world.unready)
        await world.store.take(0, "the-log")
        outlet.comes_back = True  # when it owns again: what it says of before is over then
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
