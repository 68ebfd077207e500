"""What a partition is unready for, and until when."""

from __future__ import annotations

import asyncio

import pytest

from crosstie.errors import BrokerAway, DatabaseAway
from services.profile.batch import Outcome
from services.profile.memory import MemoryOutlet, MemoryStore, MemoryTopic
from services.profile.partition import Partition
from services.profile.ports import Hold, Image
from tests.profile_log import Writer
from tests.unit.profile.partition_world import (
    PUBLISHING,
    Quiet,
    World,
    at_work,
    contacts,
    until,
    waiting,
)


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

    asked, away_at = 0, 1

    async def take(self, partition: int, topic_id: str) -> Hold:
        self.asked += 1
        if self.asked == self.away_at:
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


class TakenAgainLate(TakenLate):
    """A database that is away when the partition is taken for the second time."""

    away_at = 2


async def test_who_was_fenced_is_unready_until_it_owns_again_whatever_it_got_over() -> None:
    world = World(contacts(Writer(), 4))
    world.store = TakenAgainLate()
    outlet, log = OpensLate(world.topic), Quiet(world.records[:2])
    outlet.go.set()
    async with at_work(Partition(0, log, world.store, outlet, world.unready)):
        await until(lambda: world.published == 2)
        assert world.unready == {}
        outlet.asked.clear()
        outlet.go.clear()
        await MemoryStore.take(world.store, 0, "the-log")
        log.records = {0: world.records}
        log.more.set()
        await outlet.asked.wait()
        before = dict(world.unready)
        outlet.go.set()
        await until(lambda: world.all_out)
        assert (before, world.unready) == ({"partition 0": "restarts"}, {})


class NotesLate(MemoryStore):
    """A database that is away while what is out is to be noted."""

    away = True

    async def published(self, image: Image, hold: Hold) -> None:
        if self.away:
            raise DatabaseAway("restarts")
        await super().published(image, hold)


async def test_who_cannot_note_what_is_out_is_unready_for_its_publishing() -> None:
    world = World(contacts(Writer(), 2))
    world.store = NotesLate()
    async with at_work(waiting(world)):
        await until(lambda: world.unready == {PUBLISHING: "restarts"})
        world.store.away = False
        await until(lambda: world.all_out)
        await until(lambda: world.unready == {})
