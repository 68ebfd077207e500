"""One partition at work: what is folded, published and counted."""

from __future__ import annotations

import asyncio
import time

import pytest
from prometheus_client import REGISTRY

from crosstie.network.state import member_key
from services.profile import figures
from tests.logged import fields
from tests.profile_log import ALMA, BORIS, CHIDI, Logged, Writer, in_order
from tests.unit.profile.partition_world import World, at_work, clean_fold, contacts, newest, until


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


async def test_no_batch_takes_longer_to_fold_or_to_publish_than_all_the_time_there_was() -> None:
    names = [f"crosstie_profile_{each}_seconds_sum" for each in ("batch", "publish")]
    before = [REGISTRY.get_sample_value(each) or 0 for each in names]
    begun = time.monotonic()
    world = World(contacts(Writer(), 6))
    async with at_work(world.worker()):
        await until(lambda: world.all_out)
    there_was = time.monotonic() - begun
    for name, was in zip(names, before, strict=True):
        took = (REGISTRY.get_sample_value(name) or 0) - was
        assert 0 < took < there_was, name


async def test_what_a_batch_came_to_is_logged_with_its_partition(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World(contacts(Writer(), 2))
    with caplog.at_level("INFO", "crosstie"):
        async with at_work(world.worker()):
            await until(lambda: world.all_out)
    (said,) = (each for each in caplog.records if each.getMessage() == "folded")
    told = fields(said)
    assert (told["partition"], told["start"], told["end"]) == (0, 0, 2)


def test_of_partitions_that_are_not_ours_any_more_no_figure_stays() -> None:
    figures.behind({0: 5, 1: 10}, {0: 8, 1: 10})
    name = "crosstie_profile_behind"
    assert REGISTRY.get_sample_value(name, {"partition": "0"}) == 3
    assert REGISTRY.get_sample_value(name, {"partition": "1"}) == 0
    figures.behind({1: 10}, {0: 8, 1: 12})
    assert REGISTRY.get_sample_value(name, {"partition": "0"}) is None
    assert REGISTRY.get_sample_value(name, {"partition": "1"}) == 2


def test_before_it_is_taken_it_is_unready_and_reads_nothing() -> None:
    world = World([])
    worker = world.worker()
    assert (worker.next_offset, worker.reading) == (0, False)
    assert world.unready == {"partition 0": "not taken yet"}


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


async def test_released_it_finishes_and_publishes_the_batch_in_hand() -> None:
    world = World(contacts(Writer(), 300))
    worker = world.worker()
    task = asyncio.create_task(worker.run())
    await until(lambda: world.folded > 0)
    worker.release()
    await task
    assert world.published == world.folded == worker.next_offset
