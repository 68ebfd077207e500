"""What the store in PostgreSQL keeps beyond the contract: what was refused, names, horizons."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from crosstie.errors import DatabaseAway
from crosstie.network.dedupe import HORIZON_US
from crosstie.network.state import member_key, tie_key
from services.profile import batch
from services.profile import store as store_module
from services.profile.store import PostgresStore
from tests.profile_log import ALMA, BORIS, CHIDI, NOON_US, Logged, Writer, in_order
from tests.services.stored import TOPIC_ID, Stored, fold, look_up, unpublished_keys, whole


class TestTables(Stored):
    async def test_a_refused_record_is_kept_as_it_came_with_a_command_that_replays_it(
        self, store: PostgresStore, pool: asyncpg.Pool[Any], write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        bad = write.garbage()
        await fold(store, hold, write.met(ALMA, BORIS), bad)
        (kept,) = await pool.fetch("SELECT *, headers::text AS h FROM profile.quarantine")
        assert (kept["topic"], kept["partition"], kept["offset"]) == ("events.v1", 0, 1)
        assert (kept["key"], kept["value"]) == (bad.key, bad.value)
        assert kept["h"] == '[["ce_id", "/w=="]]'
        assert kept["reason"]
        assert kept["replay"] == "crosstie quarantine replay events.v1/0/1"
        assert await unpublished_keys(store, hold) == [tie_key(ALMA, BORIS)]

    async def test_tables_of_an_earlier_version_wait_for_whoever_migrates(
        self, store: PostgresStore, database: str
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        owner = await asyncpg.connect(database)
        await owner.execute("ALTER TABLE profile.partitions DROP COLUMN network_id")
        await owner.close()
        with pytest.raises(DatabaseAway, match="migrate with"):
            await store.aim(hold, "network")

    async def test_people_are_counted_without_the_erased(
        self, store: PostgresStore, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        assert await store.members() == 0
        await fold(store, hold, write.described(ALMA, sector="housing"))
        assert await store.members() == 1
        await fold(store, hold, write.erased(ALMA), start=1)
        assert await store.members() == 0  # though its marker stays until the tombstone is out

    async def test_another_body_under_a_known_identity_is_kept_aside(
        self, store: PostgresStore, pool: asyncpg.Pool[Any], write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.met(ALMA, BORIS, id="e1"))
        await fold(store, hold, write.met(ALMA, BORIS, id="e1", channel="called"), start=1)
        kept = await pool.fetchrow("SELECT reason, replay FROM profile.quarantine")
        assert kept is not None
        assert tuple(kept) == (batch.FORGED, batch.NO_REPLAY)

    async def test_an_identity_that_is_pruned_before_the_commit_is_remembered_all_the_same(
        self, store: PostgresStore, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        again = write.met(ALMA, BORIS, id="e1")
        await fold(store, hold, again)
        await fold(
            store, hold, write.met(ALMA, CHIDI, id="late", at=NOON_US + HORIZON_US + 1), start=1
        )
        hold = await store.take(0, TOPIC_ID)
        reading = batch.read(0, in_order(again, start=2), {})
        outcome = batch.fold(reading, await store.known(reading, hold.latest))
        await store.prune(0)
        await store.commit(hold, outcome)
        assert list((await look_up(store, hold, again)).seen) == list(reading.identities)

    async def test_a_member_is_kept_whose_marker_goes_before_the_commit(
        self, store: PostgresStore, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.erased(ALMA))
        image = await store.unpublished(hold)
        assert image is not None
        write.person(BORIS)
        reading = batch.read(0, in_order(write.described(ALMA, sector="health"), start=1), {})
        known = structs.replace(await store.known(reading, 0), data_keys=write.data_keys)
        await store.published(image, hold)
        await store.commit(hold, batch.fold(reading, known))
        assert await unpublished_keys(store, hold) == [member_key(ALMA)]

    @pytest.mark.parametrize("unnamed", [(2,), (3,), (2, 3)], ids=str)
    async def test_what_an_older_worker_committed_without_names_goes_out_too(
        self,
        store: PostgresStore,
        pool: asyncpg.Pool[Any],
        write: Writer,
        unnamed: tuple[int, ...],
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.met(ALMA, BORIS), write.described(ALMA, sector="housing"))
        await fold(store, hold, write.met(ALMA, BORIS), start=2)
        named = await store.unpublished(hold)
        assert named is not None
        assert [key.decode() for key, _ in named.rows] == [member_key(ALMA), tie_key(ALMA, BORIS)]
        await pool.execute('DELETE FROM profile.unpublished WHERE "end" = ANY($1)', unnamed)
        found = await store.unpublished(hold)
        assert found is not None
        assert (await whole(found), found.end) == (dict(named.rows), named.end)

    async def test_all_rows_of_a_partition_are_read_in_pages_of_which_one_is_held_at_a_time(
        self,
        store: PostgresStore,
        pool: asyncpg.Pool[Any],
        write: Writer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(store_module, "PAGE_ROWS", 2)
        holds = [await store.take(n, TOPIC_ID) for n in range(2)]
        await fold(
            store, holds[0], write.met(ALMA, BORIS), write.met(ALMA, CHIDI), write.met(BORIS, CHIDI)
        )
        await fold(store, holds[1], write.described(ALMA, sector="housing"))
        await pool.execute("DELETE FROM profile.unpublished")
        images = [await store.unpublished(each) for each in holds]
        first, second = (each.pages() for each in images if each is not None)
        assert len(await anext(first)) == 2
        waits = asyncio.ensure_future(anext(second))
        assert len(await anext(first)) == 1
        for _ in range(50):  # time enough to read it
            await pool.fetchval("SELECT 1")
        early = waits.done()
        await first.aclose()
        assert [key for key, _ in await waits] == [member_key(ALMA).encode()]
        await second.aclose()
        assert not early
        assert pool.get_idle_size() == pool.get_size()

    async def test_names_of_changed_rows_are_kept_until_these_are_out(
        self, store: PostgresStore, pool: asyncpg.Pool[Any], write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.met(ALMA, BORIS))
        first = await store.unpublished(hold)
        assert first is not None
        await fold(store, hold, write.met(ALMA, CHIDI), start=1)
        await store.published(first, hold)
        names = 'SELECT "end", a, b FROM profile.unpublished'
        assert [tuple(each) for each in await pool.fetch(names)] == [(2, [ALMA], [CHIDI])]

    async def test_after_30_days_nothing_is_left_of_a_refused_record_but_where_and_why(
        self, store: PostgresStore, pool: asyncpg.Pool[Any], database: str, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        no_value = Logged(b"a name", None, [("secret", b"x")])
        await fold(store, hold, write.garbage(), no_value, Logged(None, None, [("secret", None)]))
        await store.prune_quarantine()
        assert await pool.fetchval("SELECT count(headers) FROM profile.quarantine") == 3
        await pool.execute("UPDATE profile.quarantine SET at = at - interval '31 days'")
        await store.prune_quarantine()
        rows = await pool.fetch("SELECT * FROM profile.quarantine")
        assert {(each["key"], each["value"], each["headers"]) for each in rows} == {(None,) * 3}
        assert all(each["reason"] for each in rows)

    async def test_identities_past_the_horizon_are_pruned(
        self, store: PostgresStore, pool: asyncpg.Pool[Any], write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        ninety_days = 90 * 86_400_000_000
        await fold(store, hold, write.met(ALMA, BORIS, at=1), write.met(ALMA, BORIS, at=2))
        await fold(store, hold, write.met(ALMA, CHIDI, at=2 + ninety_days), start=2)
        await store.prune(0)
        kept = await pool.fetch("SELECT watermark FROM profile.inbox ORDER BY 1")
        assert [each["watermark"] for each in kept] == [2, 2 + ninety_days]
