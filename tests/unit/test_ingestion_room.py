"""Room by weight: who is turned away, who waits, and what ends the service beside its work."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from services.ingestion.app import _while
from services.ingestion.room import Full, Room


def test_what_does_not_fit_is_turned_away_until_there_is_room() -> None:
    room = Room(10)
    with room.held(6), room.held(4), pytest.raises(Full), room.held(1):
        pass
    with room.held(10):
        pass


def test_what_is_heavier_than_the_room_goes_in_alone() -> None:
    room = Room(10)
    with room.held(30), pytest.raises(Full), room.held(1):
        pass
    with room.held(1), pytest.raises(Full), room.held(30):
        pass


async def test_who_waits_gets_in_and_goes_before_who_does_not() -> None:
    room, entered, leave = Room(10), asyncio.Event(), asyncio.Event()

    async def waits() -> None:
        async with room.held_in_turn(8):
            entered.set()
            await leave.wait()

    with room.held(5):
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
        with pytest.raises(Full), room.held(1):
            pass
        assert not entered.is_set()
    await entered.wait()
    with room.held(2):
        leave.set()
        await waiting
    await room.empty()


async def test_who_came_in_turn_adds_to_what_is_held_already() -> None:
    room = Room(10)
    with room.held(3):
        async with room.held_in_turn(4):
            with pytest.raises(Full, match="7 of 10"), room.held(4):
                pass
            with room.held(3):
                pass


async def test_who_waits_longer_than_its_patience_is_turned_away_and_holds_nothing_up() -> None:
    room = Room(10)
    with room.held(6):
        with pytest.raises(Full, match=r"no room within 0\.01 s"):
            async with room.held_in_turn(5, 0.01):
                pass
        with room.held(4):
            pass
    with room.held(10):
        pass


@pytest.mark.parametrize("leaves_first", [True, False])
async def test_who_gives_up_at_the_moment_of_its_turn_holds_nothing_up(leaves_first: bool) -> None:
    room = Room(10)

    async def waits() -> None:
        async with room.held_in_turn(8):
            pass

    with contextlib.ExitStack() as held:
        held.enter_context(room.held(6))
        waiting = asyncio.create_task(waits())
        await asyncio.sleep(0)
        for step in (held.close, waiting.cancel)[:: 1 if leaves_first else -1]:
            step()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    with room.held(10):
        pass


async def test_who_waits_comes_in_turn_though_a_later_one_would_fit() -> None:
    room, order = Room(10), list[int]()

    async def waits(weight: int) -> None:
        async with room.held_in_turn(weight, 60):
            order.append(weight)
            await asyncio.sleep(0)

    with room.held(6):
        waiting = [asyncio.create_task(waits(weight)) for weight in (9, 1, 4)]
        await asyncio.sleep(0)
        assert order == []
    await asyncio.gather(*waiting)
    assert order == [9, 1, 4]


async def test_who_stops_waiting_holds_nothing_up() -> None:
    room = Room(10)
    with room.held(5):
        async with asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + 0.01)
            with pytest.raises(asyncio.CancelledError):
                async with room.held_in_turn(8):
                    pass
        with room.held(5):
            pass


async def test_a_room_is_empty_once_the_last_has_left() -> None:
    room = Room(10)
    with room.held(5):
        emptied = asyncio.create_task(room.empty())
        await asyncio.sleep(0)
        assert not emptied.done()
    await emptied


async def test_work_fails_when_something_beside_it_ends() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def fails() -> None:
        raise LookupError("what nobody thought of")

    async def ends() -> None:
        pass

    with pytest.raises(LookupError):
        await _while([asyncio.create_task(fails())], work())
    assert cancelled.is_set()
    with pytest.raises(RuntimeError, match="ends"):
        await _while([asyncio.create_task(ends())], work())


async def test_work_that_ends_leaves_what_is_beside_it_alone() -> None:
    beside = asyncio.create_task(asyncio.Event().wait())

    async def work() -> None:
        raise LookupError("of the work")

    with pytest.raises(LookupError):
        await _while([beside], work())  # type: ignore[list-item]
    assert not beside.done()
    beside.cancel()
