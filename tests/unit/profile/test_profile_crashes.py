"""Crashes, zombies and hand-overs of a partition never show."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie.errors import BrokerAway, DatabaseAway
from services.profile.memory import MemoryOutlet, MemoryTopic
from services.profile.partition import Partition
from services.profile.ports import Image
from tests.profile_log import ALMA, BORIS, CHIDI, Logged, Writer, in_order
from tests.unit.profile.partition_world import World, at_work, clean_fold, contacts, newest, until


class StopsBeforePublishing(MemoryOutlet):
    """The process dies between the commit and the publishing."""

    async def publish(self, image: Image) -> None:
        await asyncio.Event().wait()


async def test_what_was_committed_but_not_published_goes_out_after_a_crash() -> None:
    world = World(contacts(Writer(), 6))
    task = asyncio.create_task(world.worker(outlet=StopsBeforePublishing(world.topic)).run())
    await until(lambda: world.folded == 6)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert world.topic.images == []
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert newest(world.topic) == clean_fold(world.records, {})
    assert len(world.topic.images) == 1


async def test_at_most_one_batch_is_folded_ahead_of_the_publishing() -> None:
    world = World(contacts(Writer(), 30))
    task = asyncio.create_task(world.worker(outlet=StopsBeforePublishing(world.topic)).run())
    await until(lambda: world.folded == 6)
    for _ in range(100):
        await asyncio.sleep(0)
    assert world.folded == 6
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class WakesLate(MemoryOutlet):
    """A zombie: stops before its first publish, and goes on when `wake` is set."""

    def __init__(self, topic: MemoryTopic) -> None:
        super().__init__(topic)
        self.asleep, self.wake = asyncio.Event(), asyncio.Event()

    async def publish(self, image: Image) -> None:
        if not self.wake.is_set():
            self.asleep.set()
            await self.wake.wait()
        await super().publish(image)


async def test_a_zombie_that_wakes_up_publishes_nothing() -> None:
    world = World(contacts(Writer(), 9))
    outlet = WakesLate(world.topic)
    zombie = world.worker(outlet=outlet)
    task = asyncio.create_task(zombie.run())
    await until(outlet.asleep.is_set)
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
        before = list(world.topic.images)
        zombie.release()
        outlet.wake.set()
        await asyncio.gather(task, return_exceptions=True)
        assert world.topic.images == before
    assert newest(world.topic) == clean_fold(world.records, {})


class OpensAgainLate(WakesLate):
    """A zombie that lost its connections: its publish fails, and it opens the id again, too late."""

    async def publish(self, image: Image) -> None:
        if not self.asleep.is_set():
            self.asleep.set()
            raise BrokerAway("connection lost")
        await MemoryOutlet.publish(self, image)

    async def open(self) -> None:
        if self.asleep.is_set():
            await self.wake.wait()
        await super().open()


async def test_a_zombie_that_opens_the_id_again_publishes_nothing_all_the_same() -> None:
    world = World(contacts(Writer(), 9))
    world.most = 9  # one batch, so that nothing but the publishing tells the zombie
    outlet = OpensAgainLate(world.topic)
    zombie = world.worker(outlet=outlet)
    task = asyncio.create_task(zombie.run())
    await until(outlet.asleep.is_set)
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
        before, epoch = list(world.topic.images), world.store.partitions[0].epoch
        outlet.wake.set()
        # it learns that it was fenced, and takes the partition in good order
        await until(lambda: world.store.partitions[0].epoch > epoch)
        zombie.release()
        await asyncio.gather(task, return_exceptions=True)
        assert world.topic.images == before
    assert newest(world.topic) == clean_fold(world.records, {})


async def test_an_owner_that_a_late_opener_fenced_by_mistake_opens_again() -> None:
    world = World(contacts(Writer(), 9))
    async with at_work(world.worker()):
        await until(lambda: world.published >= 3)
        await MemoryOutlet(world.topic).open()
        await until(lambda: world.all_out)
    assert newest(world.topic) == clean_fold(world.records, {})


class Chaotic:
    """Wraps a port: any call may come late, fail, or do its work and then fail."""

    def __init__(self, port: Any, rng: random.Random, error: type[Exception]) -> None:
        self._port, self._rng, self._error = port, rng, error

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*arguments: Any) -> Any:
            for _ in range(self._rng.choice((0, 0, 1, 5, 40))):
                await asyncio.sleep(0)
            fate = self._rng.random()
            if fate < 0.05 and name != "close":
                raise self._error("before")
            done = await getattr(self._port, name)(*arguments)
            if fate > 0.95 and name != "close":
                raise self._error("after")
            return done

        return call


class Watched(MemoryTopic):
    """After every transaction, readers hold exactly the fold up to the mark."""

    def __init__(self, records: Sequence[Logged], keys: dict[str, bytes]) -> None:
        super().__init__()
        self.wrong: list[int] = []
        self._records, self._keys = records, keys

    def check(self, image: Image) -> None:
        if newest(self) != clean_fold(self._records[: image.end], self._keys):
            self.wrong.append(image.end)


class WatchedOutlet(MemoryOutlet):
    def __init__(self, topic: Watched) -> None:
        super().__init__(topic)
        self._watched = topic

    async def publish(self, image: Image) -> None:
        await super().publish(image)
        self._watched.check(image)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_crashes_zombies_and_hand_overs_never_show(seed: int) -> None:
    asyncio.run(_chaos(random.Random(seed)))


async def _chaos(rng: random.Random) -> None:
    write = Writer()
    write.person(ALMA)
    kinds: list[Callable[[], Logged]] = [
        lambda: write.met(ALMA, rng.choice([BORIS, CHIDI])),
        lambda: write.met(ALMA, BORIS, id=f"same{rng.randrange(3)}"),
        lambda: write.described(ALMA, sector=rng.choice("ab")),
        write.garbage,
    ]
    records = in_order(*(rng.choice(kinds)() for _ in range(rng.randrange(5, 40))))
    world = World(records, write.data_keys)
    watched = Watched(records, write.data_keys)
    world.topic, world.most = watched, rng.randrange(1, 6)

    def worker() -> Partition:
        store = Chaotic(world.store, rng, DatabaseAway)
        return world.worker(store, Chaotic(WatchedOutlet(watched), rng, BrokerAway))

    workers = [worker() for _ in range(3)]
    tasks = [asyncio.create_task(each.run()) for each in workers]
    for _ in range(rng.randrange(200)):
        await asyncio.sleep(0)
    for task in tasks[:2]:
        task.cancel()
        for _ in range(rng.randrange(50)):
            await asyncio.sleep(0)
    await until(lambda: world.all_out)
    workers[2].release()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [each for each in ended if isinstance(each, Exception)]
    assert watched.wrong == []
    assert newest(watched) == clean_fold(records, write.data_keys)
