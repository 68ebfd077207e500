"""What cannot be read, stored or sent: set aside alone, waited for, or said."""

from __future__ import annotations

import asyncio

import pytest

from crosstie.errors import DatabaseAway, Rejected, Unpublishable
from crosstie.network.state import tie_key
from services.profile import partition
from services.profile.batch import Known, Outcome, Reading
from services.profile.memory import MemoryOutlet, MemoryStore
from services.profile.ports import Hold, Image
from tests.profile_log import ALMA, BORIS, CHIDI, Writer, in_order
from tests.unit.profile.partition_world import World, at_work, clean_fold, contacts, newest, until


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


async def test_a_record_that_cannot_be_read_is_quarantined_and_its_neighbours_fold() -> None:
    write = Writer()
    good = [write.met(ALMA, CHIDI), write.met(ALMA, BORIS)]
    world = World(in_order(good[0], write.garbage(), good[1]))
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    assert list(world.store.partitions[0].quarantine) == [1]
    assert newest(world.topic) == clean_fold(in_order(*good), {})


class TooLarge(MemoryOutlet):
    """A broker that takes no image with a row, too large as it is, before somebody raises its limit."""

    tries, raised = 0, False

    async def publish(self, image: Image) -> None:
        self.tries += 1
        if not self.raised:
            raise Unpublishable("raise max.message.bytes")
        await super().publish(image)


async def test_what_a_broker_refuses_is_said_and_not_tried_again_at_once() -> None:
    world = World(contacts(Writer(), 6))
    outlet = TooLarge(world.topic)
    async with at_work(world.worker(outlet=outlet)):
        await until(lambda: "max.message.bytes" in world.unready.get("partition 0", ""))
        for _ in range(100):
            await asyncio.sleep(0)
        assert outlet.tries == 1
    assert world.published == 0


async def test_what_a_broker_refused_goes_out_once_its_limit_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(partition, "REFUSED_SECONDS", 0.0)
    world = World(contacts(Writer(), 6))
    outlet = TooLarge(world.topic)
    async with at_work(world.worker(outlet=outlet)):
        await until(lambda: outlet.tries > 2)
        assert "max.message.bytes" in world.unready["partition 0"]
        outlet.raised = True
        await until(lambda: world.all_out)
        await until(lambda: world.unready == {})
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
