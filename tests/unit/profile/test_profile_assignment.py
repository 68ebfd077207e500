"""Partitions come and go as the group says: held back first, finished last, never gone in silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.profile import assignment
from services.profile.assignment import Assignment


class Worker:
    """Stands for a `Partition`: works until it is released, or ends as it is told."""

    def __init__(self, number: int, done: list[Any]) -> None:
        self.number, self.next_offset = number, 100 + number
        self.reading = False
        self.hangs = False
        self.ends: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._done = done

    def release(self) -> None:
        self._done.append(f"release {self.number}")
        if not self.hangs and not self.ends.done():
            self.next_offset += 1  # the batch in hand
            self.ends.set_result(None)

    async def run(self) -> None:
        self._done.append(f"run {self.number}")
        try:
            await self.ends
        finally:
            self._done.append(f"ended {self.number}")


class World:
    """An assignment and what was done, in order."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.workers: dict[int, Worker] = {}
        self.assignment = Assignment(self, self.make)  # type: ignore[arg-type]

    def make(self, number: int) -> Any:
        self.workers[number] = Worker(number, self.done)
        return self.workers[number]

    def hold_back(self, partitions: set[TopicPartition]) -> None:
        self.done.append({"hold back": sorted(each.partition for each in partitions)})

    async def note(self, offsets: dict[int, int]) -> bool:
        self.done.append({"note": offsets})
        return True

    async def assign(self, *numbers: int) -> None:
        await self.assignment.on_partitions_assigned(
            {TopicPartition("t.events.v1", each) for each in numbers}
        )
        await asyncio.sleep(0)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.assignment.close()


async def test_what_is_assigned_is_held_back_and_then_worked_on(world: World) -> None:
    assert not world.assignment.assigned.is_set()
    await world.assign(7, 2)
    assert world.done == [{"hold back": [2, 7]}, "run 2", "run 7"]
    assert world.assignment.assigned.is_set()
    assert world.assignment.numbers == [2, 7]


async def test_what_is_revoked_ends_its_batch_and_then_the_group_is_told_how_far_it_came(
    world: World,
) -> None:
    await world.assign(2, 7)
    world.done.clear()
    await world.assignment.on_partitions_revoked({TopicPartition("t.events.v1", 2)})
    assert world.done[:2] == ["release 2", "release 7"]
    assert sorted(world.done[2:4]) == ["ended 2", "ended 7"]
    assert world.done[4:] == [{"note": {2: 103, 7: 108}}]
    assert world.assignment.numbers == []
    assert not world.assignment.failed.done()


async def test_where_nothing_is_at_work_nothing_is_noted(world: World) -> None:
    await world.assignment.release()
    await world.assignment.note()
    assert world.done == []


async def test_how_far_each_is_can_be_noted_meanwhile(world: World) -> None:
    await world.assign(2, 7)
    await world.assignment.note()
    assert world.done[-1] == {"note": {2: 102, 7: 107}}
    assert world.assignment.numbers == [2, 7]


async def test_those_that_wait_for_the_log_alone_are_the_reading_ones(world: World) -> None:
    await world.assign(2, 5, 7)
    world.workers[7].reading = world.workers[2].reading = True
    assert world.assignment.reading == [2, 7]


async def test_once_closed_what_is_assigned_is_held_back_and_not_taken(world: World) -> None:
    await world.assign(2)
    await world.assignment.close()
    world.done.clear()
    await world.assign(2, 7)
    assert world.done == [{"hold back": [2, 7]}]
    assert world.assignment.numbers == []


async def test_one_that_does_not_end_is_cut_short_and_the_others_are_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "RELEASE_SECONDS", 0.01)
    await world.assign(2, 7)
    world.workers[2].hangs = True
    async with asyncio.timeout(20):
        await world.assignment.release()
    assert world.done[-2:] == ["ended 2", {"note": {2: 102, 7: 108}}]
    assert not world.assignment.failed.done()


async def test_what_no_retry_can_mend_ends_the_service(world: World) -> None:
    await world.assign(2, 7)
    world.workers[2].ends.set_exception(OSError("disk full"))
    world.workers[7].ends.set_exception(OSError("another"))
    with pytest.raises(OSError, match="disk full"):
        async with asyncio.timeout(20):
            await world.assignment.failed


async def test_of_several_errors_the_first_counts_and_who_is_released_is_none(world: World) -> None:
    wrong: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
    await world.assign(2, 5)
    await world.assignment.release()
    assert not world.assignment.failed.done()
    await world.assign(7, 8)
    for number, what in ((7, "the first"), (8, "the second")):
        world.workers[number].ends.set_exception(OSError(what))
    await asyncio.wait([world.assignment.failed])
    for _ in range(10):
        await asyncio.sleep(0)
    assert str(world.assignment.failed.exception()) == "the first"
    assert wrong == []


@pytest.mark.parametrize("how", ["returns", "is cancelled"])
async def test_one_that_ends_though_nobody_asked_ends_the_service(world: World, how: str) -> None:
    await world.assign(2)
    if how == "returns":
        world.workers[2].ends.set_result(None)
    else:
        world.workers[2].ends.cancel()
    with pytest.raises(RuntimeError, match="partition-2 ended before its time"):
        async with asyncio.timeout(20):
            await world.assignment.failed
