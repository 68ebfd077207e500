"""What only a real broker shows: rows that it refuses, and a consumer that hangs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from prometheus_client import REGISTRY

from crosstie.errors import DatabaseAway, Fenced, Unpublishable
from crosstie.network.wire import MARK_KEY
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.kafka import producer_options, topics_exist
from crosstie.runtime.service import Running
from crosstie.runtime.stack import Stack
from services.profile import figures, housekeeping, watchdog
from services.profile.delivery import deliver
from services.profile.namesake import Namesake
from services.profile.ports import Image, Rows
from services.profile.publisher import KafkaOutlet
from tests.profile_log import ALMA, BORIS
from tests.profile_world import PATIENCE_SECONDS, ProfileWorld, settings_of, until


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str, tmp_path: Path) -> ProfileWorld:
    world = ProfileWorld(settings_of(stack.bootstrap, database, topic_prefix), tmp_path)
    await asyncio.to_thread(create_topics, stack.brokers, world.settings.topics.shared())
    await topics_exist(world.settings, world.settings.topics.shared())
    return world


async def test_a_row_over_the_brokers_limit_is_refused_for_good_and_a_smaller_one_goes_out(
    world: ProfileWorld,
) -> None:
    outlet, topic = outlet_of(world), world.settings.topics.network.name
    large, small = secrets.token_bytes(3_000_000), b"small"
    await outlet.open()
    with pytest.raises(Unpublishable, match=r"member/X.*max\.message\.bytes"):
        await outlet.publish(Image(0, [(b"member/X", large)], 1, 1))
    await outlet.open()
    await outlet.publish(Image(0, [(b"member/X", small)], 1, 1))
    await outlet.close()
    assert [each.value for each in (await world.read(topic))[0]][:1] == [small]


async def test_rows_that_come_in_pages_are_out_together_or_not_at_all(world: ProfileWorld) -> None:
    outlet, away = outlet_of(world), [True]

    async def beyond() -> AsyncGenerator[Rows]:
        yield [(b"member/B", b"b")]
        if away.pop():
            raise DatabaseAway("in mid-way")
        yield [(b"member/C", b"c")]

    image = Image(0, [], 1, 1, beyond)
    await outlet.open()
    with pytest.raises(DatabaseAway):
        await outlet.publish(image)
    away.append(False)
    await outlet.open()
    await outlet.publish(image)
    await outlet.close()
    rows = (await world.read(world.settings.topics.network.name))[0]
    assert [each.key for each in rows] == [b"member/B", b"member/C", MARK_KEY.encode()]


async def test_whoever_opened_the_id_before_publishes_no_more(world: ProfileWorld) -> None:
    zombie, successor = outlet_of(world), outlet_of(world)
    await zombie.open()
    await zombie.publish(Image(0, [(b"member/X", b"first")], 1, 1))
    await successor.open()
    await successor.publish(Image(0, [(b"member/X", b"newer")], 2, 2))
    with pytest.raises(Fenced):
        await zombie.publish(Image(0, [(b"member/X", b"older")], 1, 1))
    await zombie.close()
    await successor.close()
    rows = (await world.read(world.settings.topics.network.name))[0]
    assert [each.value for each in rows if each.key == b"member/X"] == [b"first", b"newer"]


async def test_a_network_that_is_made_again_while_it_is_written_gets_all_rows_anew(
    world: ProfileWorld,
) -> None:
    brokers, network = world.settings.brokers, world.settings.topics.network
    people = [letter * 16 for letter in "ABCDEFGHIJKLMNOP"]

    def made() -> bool:
        return create_topics(brokers, [network]) == [network.name]

    with world.service() as process:
        await world.append(world.write.met(a, b) for a, b in pairwise(people))
        await world.until_all_published()
        await asyncio.to_thread(delete_topics, brokers, [network.name])
        await until(lambda: asyncio.to_thread(made))
        await world.append(world.write.met(a, b) for a, b in pairwise(people[:3]))
        await until(lambda: process.popen.poll() is not None)
    with world.service() as process:
        await until(lambda: len(process.said("taken")) == 12)
        await world.until_all_published()
    await world.assert_all_is_well()


def outlet_of(world: ProfileWorld) -> KafkaOutlet:
    return KafkaOutlet(
        lambda name: AIOKafkaProducer(**producer_options(world.settings), transactional_id=name),
        f"{world.settings.topic_prefix}a",
        Namesake(world.settings.brokers, world.settings.topics.network.name),
    )


async def test_a_consumer_that_hangs_without_an_error_ends_the_work(
    world: ProfileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "WATCH_SECONDS", 0.1)
    monkeypatch.setattr(watchdog, "STILL_SECONDS", 0.5)
    hangs, getmany = asyncio.Event(), AIOKafkaConsumer.getmany

    async def nothing_once_it_hangs(self: Any, *partitions: Any, **limits: Any) -> Any:
        if not hangs.is_set():
            return await getmany(self, *partitions, **limits)
        return await asyncio.sleep(limits["timeout_ms"] / 1000, {})

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", nothing_once_it_hangs)
    async with asyncpg.create_pool(world.settings.database_url.get_secret_value()) as pool:
        key = world.settings.vault_key_bytes
        work = asyncio.create_task(deliver(world.settings, key, pool, Running()))
        await world.append([world.write.met(ALMA, BORIS)])
        await until(lambda: _published(world, work))
        hangs.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not work.done():  # what a fetch under way still brings is folded
                await world.append([world.write.met(ALMA, BORIS)])
        with pytest.raises(watchdog.Hangs):
            await work


async def test_it_shows_how_far_behind_it_is_and_how_many_people_it_knows(
    world: ProfileWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(housekeeping, "MEASURE_SECONDS", 0.1)
    monkeypatch.setattr(housekeeping, "COUNT_SECONDS", 0.1)
    await world.know(ALMA)
    await world.append([world.write.described(ALMA, sector="housing")])
    running = Running()

    def behind() -> dict[str, float]:
        (figure,) = figures.BEHIND.collect()
        return {each.labels["partition"]: each.value for each in figure.samples}

    async with asyncpg.create_pool(world.settings.database_url.get_secret_value()) as pool:
        key = world.settings.vault_key_bytes
        work = asyncio.create_task(deliver(world.settings, key, pool, running))
        await until(lambda: _published(world, work))
        await until(lambda: behind() == {str(n): 0.0 for n in range(12)})
        await until(lambda: REGISTRY.get_sample_value("crosstie_profile_members") == 1.0)
        running.stop.set()
        await work


async def _published(world: ProfileWorld, work: asyncio.Task[None]) -> bool:
    assert not work.done(), work
    return (await world.offsets())[1] == world.logged
