"""The profile service as a process, killed, stopped, doubled and fed poison."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import httpx
import pytest

from crosstie.errors import Rejected
from crosstie.network.state import member_key, tie_key
from crosstie.runtime.admin import create_topics, delete_topics
from crosstie.runtime.stack import Stack
from services.profile import batch, quarantine
from services.profile.store import PostgresStore
from tests.line import between
from tests.profile_log import ALMA, BORIS, CHIDI, Logged
from tests.profile_world import Process, ProfileWorld, many, settings_of, until

PEOPLE = [letter * 16 for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
CLI = "from crosstie.cli import main; main()"
SMALL_BATCHES = {"CROSSTIE_BATCH_EVENTS": "100"}


@pytest.fixture
async def world(stack: Stack, database: str, topic_prefix: str, tmp_path: Path) -> ProfileWorld:
    world = ProfileWorld(settings_of(stack.bootstrap, database, topic_prefix), tmp_path)
    await asyncio.to_thread(create_topics, stack.brokers, world.settings.topics.shared())
    await world.know(*PEOPLE)
    return world


def taken(process: Process, partitions: int = 12) -> Callable[[], bool]:
    return lambda: len({each["partition"] for each in process.said("taken")}) == partitions


async def test_kill_9_in_mid_load_loses_nothing_and_doubles_nothing(world: ProfileWorld) -> None:
    await world.append(many(world.write, PEOPLE, 20_000))
    with world.service(**SMALL_BATCHES) as first:
        await world.until_committed(1_000)
        first.signal(signal.SIGKILL)
        await first.ended()
    assert (await world.offsets())[0] < world.logged
    with world.service():
        await world.until_all_published()
    await world.assert_all_is_well()


async def test_a_zombie_that_wakes_up_changes_nothing(world: ProfileWorld) -> None:
    await world.append(many(world.write, PEOPLE, 20_000))
    with world.service(**SMALL_BATCHES) as zombie:
        await world.until_committed(1_000)
        zombie.signal(signal.SIGSTOP)
        with world.service():
            await world.until_all_published()
            zombie.signal(signal.SIGCONT)
            await until(lambda: zombie.said("fenced") or zombie.said("released"))
            await world.append(many(world.write, PEOPLE, 2_000))
            await world.until_all_published()
    await world.assert_all_is_well()


async def test_two_workers_share_the_partitions(world: ProfileWorld) -> None:
    with world.service(**SMALL_BATCHES) as one, world.service(**SMALL_BATCHES) as other:
        await until(lambda: [len(_assigned(each)) for each in (one, other)] == [6, 6])
        await world.append(many(world.write, PEOPLE, 5_000))
        await world.until_all_published()
        folded = [{each["partition"] for each in w.said("folded")} for w in (one, other)]
    assert folded[0] & folded[1] == set()
    assert all(folded)
    await world.assert_all_is_well()


def _assigned(process: Process) -> list[int]:
    assigned = process.said("assigned")
    return list(assigned[-1]["partitions"]) if assigned else []


async def test_sigterm_ends_it_with_its_batches_finished(world: ProfileWorld) -> None:
    await world.append(many(world.write, PEOPLE, 20_000))
    with world.service(**SMALL_BATCHES) as process:
        await world.until_committed(1_000)
        process.signal(signal.SIGTERM)
        async with asyncio.timeout(25):
            assert await process.ended() == 0
    committed, published = await world.offsets()
    assert committed == published < world.logged


async def test_sigterm_ends_it_soon_while_kafka_is_away(world: ProfileWorld) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        away = f"127.0.0.1:{nobody.getsockname()[1]}"
        with world.service(CROSSTIE_KAFKA_BOOTSTRAP=away) as process:
            await until(lambda: process.said("retrying"))
            process.signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                assert await process.ended() == 0
            assert not process.said("failed")


async def test_sigterm_ends_it_soon_while_postgresql_is_silent(
    world: ProfileWorld, database: str
) -> None:
    async with between(database) as line:
        with world.service(CROSSTIE_DATABASE_URL=line.url) as process:
            await until(taken(process))
            line.silent = True
            process.signal(signal.SIGTERM)
            async with asyncio.timeout(25):
                await process.ended()


async def test_without_the_vaults_key_it_does_not_start_and_says_so(world: ProfileWorld) -> None:
    env = {name: value for name, value in world.env.items() if name != "CROSSTIE_VAULT_KEY"}
    command = [sys.executable, "-m", "services.profile"]
    ended = await asyncio.to_thread(subprocess.run, command, env=env, stderr=subprocess.PIPE)
    assert ended.returncode == 2
    assert b"CROSSTIE_VAULT_KEY is not set" in ended.stderr


async def test_what_was_committed_but_not_published_goes_out_at_the_next_start(
    world: ProfileWorld,
) -> None:
    await world.append(many(world.write, PEOPLE, 1_000))
    with world.service() as process:
        await world.until_all_published()
        process.signal(signal.SIGTERM)
        await process.ended()
    await world.append(many(world.write, PEOPLE, 1_000))
    await _fold_without_publishing(world)
    assert await world.offsets() == (world.logged, 1_000)
    with world.service():
        await world.until_all_published()
    await world.assert_all_is_well()


async def _fold_without_publishing(world: ProfileWorld) -> None:
    """A worker that dies between the commit and the publishing."""
    topic = world.settings.topics.events.name
    logged = await world.read(topic)
    async with asyncpg.create_pool(
        world.settings.database_url.get_secret_value(), min_size=1
    ) as pool:
        store = PostgresStore(pool, topic, world.settings.vault_key_bytes)
        topic_id = await pool.fetchval("SELECT topic_id FROM profile.partitions LIMIT 1")
        for partition, records in logged.items():
            hold = await store.take(partition, topic_id)
            rest = [each for each in records if each.offset >= hold.next_offset]
            if rest:
                reading = batch.read(partition, rest, {})
                known = await store.known(reading, hold.latest)
                await store.commit(hold, batch.fold(reading, known))


async def test_a_worker_whose_partitions_are_taken_takes_them_back(world: ProfileWorld) -> None:
    with world.service() as process:
        await world.append(many(world.write, PEOPLE, 500))
        await world.until_all_published()
        async with world.connection() as connection:
            await connection.execute("UPDATE profile.partitions SET epoch = epoch + 1")
        await world.append(many(world.write, PEOPLE, 500))
        await world.until_all_published()
        assert process.said("fenced")
    await world.assert_all_is_well()


async def test_poison_goes_to_quarantine_and_its_neighbours_fold(world: ProfileWorld) -> None:
    write = world.write
    unknown = write.met(ALMA, BORIS)
    headers = [(n, b"org.crosstie.x.v9" if n == "ce_type" else v) for n, v in unknown.headers]
    poison = [
        write.garbage(),
        type(unknown)(unknown.key, unknown.value, headers),
        type(unknown)(unknown.key, b'{"members": 7}', unknown.headers),
        write.met(ALMA, BORIS, id="e1", channel="called"),
    ]
    good = [write.met(ALMA, BORIS, id="e1"), write.met(ALMA, CHIDI)]
    with world.service():
        await world.append([good[0], *poison, good[1], write.posted(ALMA, "n1", "a\x00b")])
        await world.until_all_published()
    async with world.connection() as connection:
        aside = await connection.fetch("SELECT reason, value, replay FROM profile.quarantine")
    assert sorted(each["value"] for each in aside) == sorted(each.value or b"" for each in poison)
    forged = [each["reason"] == batch.FORGED for each in aside]
    assert [each["replay"] == batch.NO_REPLAY for each in aside] == forged
    assert sum(each["replay"].startswith("crosstie quarantine replay ") for each in aside) == (
        forged.count(False)
    )
    assert set(await world.tables()) == {
        each.encode() for each in (tie_key(ALMA, BORIS), tie_key(ALMA, CHIDI), member_key(ALMA))
    }
    await world.assert_all_is_well()


async def test_records_of_any_shape_go_to_quarantine_and_their_neighbours_fold(
    world: ProfileWorld,
) -> None:
    met = world.write.met(ALMA, BORIS)
    poison = [
        Logged(met.key, b"null header", [*met.headers, ("x", None)]),
        Logged(met.key, b"null type", [(n, None if n == "ce_type" else v) for n, v in met.headers]),
        Logged(b"tie/x", b"a key of no row", met.headers),
        Logged(b"member/x", None, ()),
    ]
    with world.service() as process:
        await world.append([met, *poison])
        await world.append_spoiled(b"a name of no text")
        await world.append([world.write.met(ALMA, CHIDI)])
        await world.until_all_published()
        assert not process.said("failed")
    aside = await quarantine.set_aside(world.settings)
    values = [each.value for each in (*poison, Logged(None, b"a name of no text", ()))]
    assert sorted(each.value or b"" for each in aside) == sorted(value or b"" for value in values)
    assert [each.sendable for each in aside if each.value == values[-1]] == [False]
    await quarantine.replay(world.settings, [each.name for each in aside if each.sendable])
    assert len(await world.tables()) == 2
    await world.assert_all_is_well()


async def test_what_is_in_quarantine_can_be_sent_through_again(world: ProfileWorld) -> None:
    with world.service():
        await world.append([world.write.garbage()])
        await world.until_all_published()
        (record,) = await quarantine.set_aside(world.settings)
        command = [sys.executable, "-c", CLI, *record.replay.split()[1:]]
        await asyncio.to_thread(subprocess.run, command, env=world.env, check=True)
        world.logged += 1
        await world.until_all_published()
    again = await quarantine.set_aside(world.settings)
    assert [(each.key, each.value, each.headers) for each in again] == 2 * [
        (record.key, record.value, record.headers)
    ]


async def test_a_forgery_in_quarantine_is_not_sent_through_again(world: ProfileWorld) -> None:
    with world.service():
        await world.append([world.write.met(ALMA, BORIS, id="e1")])
        await world.append([world.write.met(ALMA, BORIS, id="e1", channel="called")])
        await world.until_all_published()
    (record,) = await quarantine.set_aside(world.settings)
    assert record.replay.startswith("no replay")
    with pytest.raises(Rejected, match="with an id of its own"):
        await quarantine.replay(world.settings, [record.name])


async def test_an_erased_member_leaves_a_tombstone_and_nothing_else(world: ProfileWorld) -> None:
    with world.service():
        await world.append([world.write.described(ALMA, sector="a secret")])
        await world.until_all_published()
        await world.append([world.write.erased(ALMA), world.write.described(ALMA, role="late")])
        await world.until_all_published()
    assert await world.tables() == {}
    assert await world.newest() == {member_key(ALMA).encode(): None}
    async with world.connection() as connection:
        vault = await connection.fetchval(
            "SELECT count(*) FROM vault.subjects WHERE subject = $1", ALMA
        )
    assert vault == 0


async def test_a_topic_made_again_under_the_same_name_is_refused(world: ProfileWorld) -> None:
    with world.service() as process:
        await world.append(many(world.write, PEOPLE, 100))
        await world.until_all_published()
        process.signal(signal.SIGTERM)
        await process.ended()
    before = await world.tables()
    brokers, events = world.settings.brokers, world.settings.topics.events
    await asyncio.to_thread(delete_topics, brokers, [events.name])
    await _made_again(world)
    await world.append(many(world.write, PEOPLE, 200))
    with world.service() as process:
        await until(lambda: len(process.said("log gap")) == 12)
        ready = await asyncio.to_thread(httpx.get, f"{process.url}/health/ready")
    assert ready.status_code == 503
    assert "made again" in ready.text
    assert await world.tables() == before


async def _made_again(world: ProfileWorld) -> None:
    """Deletion takes the broker a moment; only then can the name be used again."""
    brokers, events = world.settings.brokers, world.settings.topics.events

    def attempt() -> bool:
        return create_topics(brokers, [events]) == [events.name]

    await until(lambda: asyncio.to_thread(attempt))
