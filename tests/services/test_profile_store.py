"""One contract for every store: what delivery may rely on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from msgspec import structs

from crosstie import sealing
from crosstie.errors import Fenced, LogGap
from crosstie.network.dedupe import HORIZON_US
from crosstie.network.state import Member, Tie, member_key, tie_key
from services.profile import batch
from services.profile.memory import MemoryStore
from services.profile.ports import Hold, Image, Store
from services.profile.store import PostgresStore
from tests.profile_log import ALMA, BORIS, CHIDI, NOON_US, Logged, Writer, in_order

TOPIC_ID = "an-id"
VAULT_KEY = b"0" * 32


class StoreContract:
    """`store` and `write` come from the fixtures of the subclasses."""

    async def test_a_partition_never_seen_begins_at_the_beginning(self, store: Store) -> None:
        assert await store.take(3, TOPIC_ID) == Hold(3, epoch=1, next_offset=0, latest=0)

    async def test_taking_over_raises_the_epoch_and_goes_on_where_it_ended(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.met(ALMA, BORIS, at=77), write.met(ALMA, CHIDI, at=5))
        assert await store.take(0, TOPIC_ID) == Hold(0, epoch=2, next_offset=2, latest=77)

    async def test_a_namesake_of_the_log_is_refused(self, store: Store) -> None:
        await store.take(0, TOPIC_ID)
        with pytest.raises(LogGap):
            await store.take(0, "another-id")
        await store.take(0, TOPIC_ID)

    async def test_rows_are_read_back_as_they_were_folded(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.described(ALMA, sector="housing"), write.met(ALMA, BORIS))
        known = await look_up(store, hold, write.described(ALMA), write.met(BORIS, ALMA))
        alma, tie = known.rows[member_key(ALMA)], known.rows[tie_key(ALMA, BORIS)]
        assert isinstance(alma, Member)
        assert isinstance(tie, Tie)
        assert alma.sector == "housing"
        assert tie.contacts == {"met": 1}

    async def test_a_stale_epoch_changes_nothing(self, store: Store, write: Writer) -> None:
        old = await store.take(0, TOPIC_ID)
        new = await store.take(0, TOPIC_ID)
        for refused in (
            fold(store, old, write.met(ALMA, BORIS)),
            store.confirm(old),
            store.unpublished(old),
            store.published(Image(0, [], 0, 0), old),
        ):
            with pytest.raises(Fenced):
                await refused
        assert await store.unpublished(new) is None
        assert (await look_up(store, new, write.met(ALMA, BORIS))).rows == {}
        assert (await store.take(0, TOPIC_ID)).next_offset == 0

    async def test_a_batch_that_is_not_the_next_one_changes_nothing(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        with pytest.raises(Fenced):
            await fold(store, hold, write.met(ALMA, BORIS), start=1)
        await fold(store, hold, write.met(ALMA, BORIS))
        with pytest.raises(Fenced):
            await fold(store, hold, write.met(ALMA, CHIDI))
        assert await unpublished_keys(store, hold) == [tie_key(ALMA, BORIS)]

    async def test_what_was_folded_once_is_known(self, store: Store, write: Writer) -> None:
        hold = await store.take(0, TOPIC_ID)
        met = write.met(ALMA, BORIS, id="e1")
        await fold(store, hold, met)
        outcome = await fold(store, hold, met, start=1)
        assert outcome.counts == {"new": 0, "known": 1, "redacted": 0}
        assert outcome.rows == {}

    async def test_what_was_not_published_goes_out_again_until_it_is(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.met(ALMA, BORIS), write.described(ALMA, sector="housing"))
        first = await store.unpublished(hold)
        await fold(store, hold, write.met(ALMA, CHIDI), start=2)
        both = await store.unpublished(hold)
        assert first is not None
        assert both is not None
        assert (first.end, both.end) == (2, 3)
        assert [k for k, _ in both.rows] == [k for k, _ in sorted(both.rows)]
        await store.published(first, hold)
        assert await unpublished_keys(store, hold) == [tie_key(ALMA, CHIDI)]
        await store.published(both, hold)
        await store.published(first, hold)
        assert await store.unpublished(hold) is None

    async def test_the_image_of_a_batch_is_what_would_go_out_again(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        records = in_order(write.described(ALMA, sector="café\u2028"), write.met(ALMA, BORIS))
        reading = batch.read(0, records, {})
        image = await store.commit(hold, batch.fold(reading, await store.known(reading, 0)))
        again = await store.unpublished(hold)
        assert again is not None
        assert sorted(image.rows) == sorted(again.rows)
        assert (image.end, image.latest) == (again.end, again.latest)

    async def test_an_erased_member_is_a_tombstone_and_then_nothing(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        described = write.described(ALMA, sector="housing")
        await fold(store, hold, described)
        await fold(store, hold, write.erased(ALMA), start=1)
        image = await store.unpublished(hold)
        assert image is not None
        assert dict(image.rows) == {member_key(ALMA).encode(): None}
        await store.published(image, hold)
        known = await look_up(store, hold, described)
        assert known.rows == {}
        assert known.data_keys == {}

    async def test_a_marker_stays_while_its_tombstone_may_not_be_out(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.described(ALMA, sector="housing"))
        before = await store.unpublished(hold)
        assert before is not None
        await fold(store, hold, write.erased(ALMA), start=1)
        await store.published(before, hold)
        assert await unpublished_keys(store, hold) == [member_key(ALMA)]

    async def test_a_marker_stays_until_its_own_tombstone_is_out(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await fold(store, hold, write.described(ALMA, sector="housing"), write.erased(ALMA))
        older = await store.unpublished(hold)
        assert older is not None
        await fold(store, hold, write.erased(ALMA), start=2)
        await store.published(older, hold)
        assert await unpublished_keys(store, hold) == [member_key(ALMA)]

    async def test_events_of_the_erased_are_redacted(self, store: Store, write: Writer) -> None:
        hold = await store.take(0, TOPIC_ID)
        late = write.described(ALMA, role="nurse")
        await fold(store, hold, write.erased(ALMA), late)
        outcome = await fold(store, hold, write.described(ALMA, sector="housing"), start=2)
        assert outcome.counts == {"new": 1, "known": 0, "redacted": 1}
        assert outcome.rows == {}

    async def test_an_identity_past_its_horizon_is_remembered_anew(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        again = write.met(ALMA, BORIS, id="e1")
        late = write.met(ALMA, CHIDI, id="late", at=NOON_US + HORIZON_US + 1)
        await fold(store, hold, again)
        assert (await fold(store, hold, late, again, start=1)).counts["new"] == 2
        hold = await store.take(0, TOPIC_ID)
        assert (await fold(store, hold, again, start=3)).counts["known"] == 1

    async def test_partitions_know_nothing_of_each_other(self, store: Store, write: Writer) -> None:
        met = write.met(ALMA, BORIS)
        one, other = await store.take(0, TOPIC_ID), await store.take(1, TOPIC_ID)
        await fold(store, one, met)
        assert await store.unpublished(other) is None
        assert (await look_up(store, other, met)).seen == {}


async def fold(store: Store, hold: Hold, *records: Logged, start: int = 0) -> batch.Outcome:
    reading = batch.read(hold.partition, in_order(*records, start=start), {})
    outcome = batch.fold(reading, await store.known(reading, hold.latest))
    await store.commit(hold, outcome)
    return outcome


async def look_up(store: Store, hold: Hold, *records: Logged) -> batch.Known:
    return await store.known(batch.read(hold.partition, in_order(*records), {}), 0)


async def unpublished_keys(store: Store, hold: Hold) -> list[str]:
    image = await store.unpublished(hold)
    return [] if image is None else [key.decode() for key, _ in image.rows]


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def write(self, store: MemoryStore) -> Writer:
        write = Writer()
        store.data_keys[ALMA] = write.person(ALMA)
        return write


class TestPostgresStore(StoreContract):
    @pytest.fixture
    async def pool(self, database: str) -> AsyncIterator[asyncpg.Pool[Any]]:
        settings = {"role": "crosstie_profile"}
        async with asyncpg.create_pool(database, min_size=1, server_settings=settings) as pool:
            yield pool

    @pytest.fixture
    def store(self, pool: asyncpg.Pool[Any]) -> PostgresStore:
        return PostgresStore(pool, "events.v1", VAULT_KEY)

    @pytest.fixture
    async def write(self, database: str) -> Writer:
        write = Writer()
        wrapped = sealing.wrap(write.person(ALMA), VAULT_KEY)
        vault = await asyncpg.connect(database)
        await vault.execute(
            "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
            " VALUES ($1, 'nhs', 'alma', $2)",
            ALMA,
            wrapped,
        )
        await vault.close()
        return write

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
        assert await store.unpublished(hold) == named

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
