"""One partition at work, on ports in memory: crashes, fences, gaps, poison, whatever the order."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from crosstie.errors import BrokerAway, DatabaseAway, Rejected, Unpublishable
from crosstie.network.state import member_key, tie_key
from crosstie.network.wire import encode
from services.profile import batch, figures, partition
from services.profile.batch import Known, Outcome, Reading
from services.profile.memory import MemoryLog, MemoryOutlet, MemoryStore, MemoryTopic
from services.profile.partition import Partition
from services.profile.ports import Hold, Image
from tests.profile_log import ALMA, BORIS, CHIDI, Logged, Writer, in_order


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "FIRST_WAIT_SECONDS", 0.0001)
    monkeypatch.setattr(partition, "LONGEST_WAIT_SECONDS", 0.001)


class World:
    """One database, one topic, one log; any number of workers that fight over partition 0."""

    def __init__(self, records: Sequence[Logged], keys: dict[str, bytes] | None = None) -> None:
        self.records = list(records)
        self.store = MemoryStore()
        self.store.data_keys = dict(keys or {})
        self.topic = MemoryTopic()
        self.unready: dict[str, str] = {}
        self.most = 3

    def worker(self, store: Any = None, outlet: Any = None) -> Partition:
        return Partition(
            0,
            MemoryLog({0: list(self.records)}, most=self.most),
            store or self.store,
            outlet or MemoryOutlet(self.topic),
            self.unready,
        )

    @property
    def folded(self) -> int:
        return self.store.partitions[0].next_offset if self.store.partitions else 0

    @property
    def published(self) -> int:
        return self.store.partitions[0].published_offset if self.store.partitions else 0

    @property
    def all_out(self) -> bool:
        return self.published == len(self.records)


@asynccontextmanager
async def at_work(worker: Partition) -> Any:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        worker.release()
        await task


async def until(condition: Callable[[], bool]) -> None:
    """Turns of the loop, not seconds: how busy the machine is makes no difference."""
    for _ in range(50_000):  # ten times what any test here takes
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to that")


def contacts(write: Writer, count: int) -> list[Logged]:
    pairs = [(ALMA, BORIS), (ALMA, CHIDI), (BORIS, CHIDI)]
    return in_order(*(write.met(*pairs[n % 3]) for n in range(count)))


def clean_fold(records: Sequence[Logged], keys: dict[str, bytes]) -> dict[bytes, bytes]:
    if not records:
        return {}
    outcome = batch.fold(batch.read(0, list(records), {}), Known(keys, {}, {}, 0))
    return {key.encode(): encode(row) for key, row in outcome.rows.items() if row is not None}


def newest(topic: MemoryTopic) -> dict[bytes, bytes]:
    return {key: value for key, value in topic.newest.items() if value is not None}


async def test_every_event_is_folded_and_published_in_order() -> None:
    write = Writer()
    world = World(contacts(write, 20))
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert newest(world.topic) == clean_fold(world.records, {})
    ends = [image.end for image in world.topic.images]
    assert ends == sorted(set(ends))


async def test_a_mark_goes_out_even_when_no_row_changed() -> None:
    write = Writer()
    met = write.met(ALMA, BORIS, id="e1")
    world = World(in_order(met, met))
    world.most = 1
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert [(image.end, len(image.rows)) for image in world.topic.images] == [(1, 1), (2, 0)]


def counted(result: str) -> float:
    name = "crosstie_profile_events_total"
    return REGISTRY.get_sample_value(name, {"result": result}) or 0.0


async def test_what_becomes_of_records_is_counted_and_every_batch_timed() -> None:
    write = Writer()
    met = write.met(ALMA, BORIS, id="first")
    forged = Logged(met.key, b"{}", (*met.headers,))
    world = World(in_order(met, met, write.met(ALMA, CHIDI), forged, Logged(b"x", b"y", ())))
    before = {each: counted(each) for each in ("folded", "known", "redacted", "quarantined")}
    took = {
        each: REGISTRY.get_sample_value(f"crosstie_profile_{each}_seconds_count") or 0
        for each in ("batch", "publish")
    }
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert {each: counted(each) - before[each] for each in before} == {
        "folded": 2,
        "known": 1,
        "redacted": 0,
        "quarantined": 2,
    }
    for each, times in took.items():  # two batches: of three records, and of two
        now = REGISTRY.get_sample_value(f"crosstie_profile_{each}_seconds_count") or 0
        assert now - times == 2, each


def test_of_partitions_that_are_not_ours_any_more_no_figure_stays() -> None:
    figures.behind({0: 5, 1: 10}, {0: 8, 1: 10})
    name = "crosstie_profile_behind"
    assert REGISTRY.get_sample_value(name, {"partition": "0"}) == 3
    assert REGISTRY.get_sample_value(name, {"partition": "1"}) == 0
    figures.behind({1: 10}, {0: 8, 1: 12})
    assert REGISTRY.get_sample_value(name, {"partition": "0"}) is None
    assert REGISTRY.get_sample_value(name, {"partition": "1"}) == 2


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


class Refuses(MemoryStore):
    """A database that refuses some contacts, as PostgreSQL does some characters."""

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        bad = tie_key(ALMA, BORIS)
        if bad in outcome.rows:
            raise Rejected("", "a character", "data that PostgreSQL takes", "send it anew")
        return await super().commit(hold, outcome)


async def test_what_the_database_refuses_is_quarantined_alone() -> None:
    for place in (3, 0, 1, 2, 4, 5, 6):
        write = Writer()
        good = [write.met(ALMA, CHIDI) for _ in range(6)]
        world = World(in_order(*good[:place], write.met(ALMA, BORIS), *good[place:]))
        world.store, world.most = Refuses(), 7
        async with at_work(world.worker()):
            await until(lambda world=world: world.all_out)  # type: ignore[misc]
        (refused,) = world.store.partitions[0].quarantine.values()
        assert refused.offset == place
        assert "data that PostgreSQL takes" in refused.reason
        assert newest(world.topic) == clean_fold(in_order(*good), {})


class RefusesAll(MemoryStore):
    """A database that refuses even what is set aside."""

    async def commit(self, hold: Hold, outcome: Outcome) -> Image:
        raise Rejected("", "a character", "data that PostgreSQL takes", "send it anew")


async def test_where_even_the_quarantine_is_refused_it_ends_and_says_so() -> None:
    world = World(contacts(Writer(), 2))
    world.store = RefusesAll()
    with pytest.raises(Rejected, match="data that PostgreSQL takes"):
        await world.worker().run()
    assert world.folded == 0


class Lent(MemoryLog):
    """A log that tells where it was sought, and whether the group still counts us as the owner."""

    def __init__(self, *batches: list[Logged], ours: bool = True) -> None:
        super().__init__({0: []})
        self.batches = list(batches)
        self.sought: list[int] = []
        self.asked: list[tuple[int, int]] = []
        self.ours = ours

    def start_at(self, partition: int, offset: int) -> None:
        super().start_at(partition, offset)
        self.sought.append(offset)

    async def fetch(self, partition: int) -> Sequence[Logged]:
        await asyncio.sleep(0)
        return self.batches.pop(0) if self.batches else ()

    async def still_ours(self, partition: int, offset: int) -> bool:
        self.asked.append((partition, offset))
        return self.ours


def reading(world: World, log: Lent) -> Partition:
    return Partition(0, log, world.store, MemoryOutlet(world.topic), world.unready)


async def test_what_does_not_come_next_is_sought_again_and_taken_for_a_gap_when_it_stays_so() -> (
    None
):
    four = contacts(Writer(), 4)
    world, log = World(four), Lent(four[2:], four[:2], four[2:])
    async with at_work(reading(world, log)):
        await until(lambda: world.all_out)
    assert log.sought == [0, 0]
    assert world.unready == {}
    world, log = World(four), Lent(four[2:], four[2:], four)
    async with at_work(reading(world, log)):
        await until(lambda: "goes on at 2, but 0 is next" in world.unready.get("partition 0", ""))
        assert world.unready["partition 0"] == (
            "partition 0 goes on at 2, but 0 is next: records are missing; "
            "restore the log, or make a new generation of it"
        )
    assert (world.folded, log.sought) == (0, [0, 0])


async def test_what_was_folded_already_is_no_gap_however_often_it_comes() -> None:
    four = contacts(Writer(), 4)
    world, log = World(four), Lent(four[:2], four[:2], four[:2], four[:2], four[2:])
    async with at_work(reading(world, log)):
        await until(lambda: world.all_out)
    assert log.sought == [0, 2, 2, 2]


async def test_one_strange_batch_now_and_then_is_no_gap() -> None:
    six = contacts(Writer(), 6)
    world, log = World(six), Lent(six[3:], six[:2], six[3:], six[2:])
    async with at_work(reading(world, log)):
        await until(lambda: world.all_out)
    assert log.sought == [0, 0, 2]


async def test_who_was_fenced_takes_the_partition_again_only_where_it_is_still_theirs() -> None:
    four = contacts(Writer(), 4)
    world, log = World(four), Lent(four[:2], ours=False)
    worker = reading(world, log)
    async with at_work(worker):
        await until(lambda: world.published == 2)
        await world.store.take(0, "the-log")
        log.batches.append(four[2:])
        await until(lambda: len(log.asked) > 3)
        assert world.store.partitions[0].epoch == 2
        assert {*log.asked} == {(0, 2)}
        log.ours = True
        await until(lambda: world.store.partitions[0].epoch == 3)


def test_before_it_is_taken_it_is_unready_and_reads_nothing() -> None:
    world = World([])
    worker = world.worker()
    assert (worker.next_offset, worker.reading) == (0, False)
    assert world.unready == {"partition 0": "not taken yet"}


async def test_a_record_that_cannot_be_read_is_quarantined_and_its_neighbours_fold() -> None:
    write = Writer()
    good = [write.met(ALMA, CHIDI), write.met(ALMA, BORIS)]
    world = World(in_order(good[0], write.garbage(), good[1]))
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert list(world.store.partitions[0].quarantine) == [1]
    assert newest(world.topic) == clean_fold(in_order(*good), {})


async def test_an_erased_member_leaves_a_tombstone_and_no_row() -> None:
    write = Writer()
    write.person(ALMA)
    records = in_order(
        write.described(ALMA, sector="housing"), write.erased(ALMA), write.described(ALMA, role="x")
    )
    world = World(records, write.data_keys)
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert world.topic.newest == {member_key(ALMA).encode(): None}
    assert world.store.partitions[0].rows == {}
    assert world.store.data_keys == {}


async def test_a_gap_in_the_log_makes_the_worker_unready_and_applies_nothing() -> None:
    world = World(in_order(Writer().met(ALMA, BORIS), start=5))
    async with at_work(world.worker()):
        await until(lambda: "records are missing" in world.unready.get("partition 0", ""))
        assert world.folded == 0


async def test_a_hole_in_a_batch_makes_the_worker_unready() -> None:
    one, _, three = in_order(*(Writer().met(ALMA, BORIS) for _ in range(3)))
    world = World([one, three])
    async with at_work(world.worker()):
        await until(lambda: "hole" in world.unready.get("partition 0", ""))
        assert world.folded == 0
        assert world.unready["partition 0"] == (
            "partition 0 has a hole between 0 and 2: only ingestion may write to the log, "
            "without transactions; make a new generation of it"
        )


class RefusesForGood(MemoryOutlet):
    """A broker that takes no image with a row: it is too large."""

    tries = 0

    async def publish(self, image: Image) -> None:
        self.tries += 1
        raise Unpublishable("raise max.message.bytes")


async def test_what_no_broker_takes_is_said_and_not_tried_again() -> None:
    world = World(contacts(Writer(), 6))
    outlet = RefusesForGood(world.topic)
    async with at_work(world.worker(outlet=outlet)):
        await until(lambda: "max.message.bytes" in world.unready.get("partition 0", ""))
        for _ in range(100):
            await asyncio.sleep(0)
        assert outlet.tries == 1
    assert world.published == 0
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert newest(world.topic) == clean_fold(world.records, {})


class AwayAtFirst(MemoryStore):
    """Every call fails a few times before it works."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 20

    async def known(self, reading: Reading, latest: int) -> Known:
        if self.away:
            self.away -= 1
            raise DatabaseAway("the server closed the connection")
        return await super().known(reading, latest)


async def test_a_database_that_is_away_is_waited_for_in_place() -> None:
    world = World(contacts(Writer(), 5))
    world.store = AwayAtFirst()
    async with at_work(world.worker()):
        await until(lambda: "closed the connection" in world.unready.get("partition 0", ""))
        await until(lambda: world.all_out)
        assert world.unready == {}


async def test_released_it_finishes_and_publishes_the_batch_in_hand() -> None:
    world = World(contacts(Writer(), 300))
    worker = world.worker()
    task = asyncio.create_task(worker.run())
    await until(lambda: world.folded > 0)
    worker.release()
    await task
    assert world.published == world.folded == worker.next_offset


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
