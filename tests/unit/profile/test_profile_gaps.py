"""What a partition does not read next is sought again, and where it is missing, said."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from services.profile.memory import MemoryLog, MemoryOutlet
from services.profile.partition import Partition
from tests.profile_log import ALMA, BORIS, Logged, Writer, in_order
from tests.unit.profile.partition_world import World, at_work, contacts, until


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
