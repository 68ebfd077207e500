"""One contract for every store: what delivery may rely on."""

from __future__ import annotations

import pytest

from crosstie.errors import Fenced, LogGap
from crosstie.network.dedupe import HORIZON_US
from crosstie.network.state import Member, Tie, member_key, tie_key
from services.profile import batch
from services.profile.memory import MemoryStore
from services.profile.ports import Hold, Image, Store
from tests.profile_log import ALMA, BORIS, CHIDI, NOON_US, Writer, in_order
from tests.services.stored import TOPIC_ID, Stored, fold, look_up, unpublished_keys, whole


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
            store.aim(old, "network"),
            store.unpublished(old),
            store.published(Image(0, [], 0, 0), old),
        ):
            with pytest.raises(Fenced):
                await refused
        assert await store.unpublished(new) is None
        assert (await look_up(store, new, write.met(ALMA, BORIS))).rows == {}
        assert (await store.take(0, TOPIC_ID)).next_offset == 0

    async def test_a_network_that_was_made_again_gets_all_rows_anew(
        self, store: Store, write: Writer
    ) -> None:
        hold = await store.take(0, TOPIC_ID)
        await store.aim(hold, "network")
        await fold(store, hold, write.met(ALMA, BORIS), write.described(ALMA, sector="housing"))
        image = await store.unpublished(hold)
        assert image is not None
        await store.published(image, hold)
        await store.aim(hold, "network")
        assert await store.unpublished(hold) is None
        await fold(store, hold, write.erased(CHIDI), start=2)
        await store.aim(hold, "made again")
        again = await store.unpublished(hold)
        assert again is not None
        tombstone = {member_key(CHIDI).encode(): None}
        assert dict(again.rows) == tombstone
        assert (await whole(again), again.end) == (dict(image.rows) | tombstone, 3)
        await store.published(again, hold)
        assert await store.unpublished(hold) is None
        await store.aim(hold, "a third time")
        third = await store.unpublished(hold)
        assert third is not None
        assert await whole(third) == dict(image.rows)

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


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> MemoryStore:
        return MemoryStore()

    @pytest.fixture
    def write(self, store: MemoryStore) -> Writer:
        write = Writer()
        store.data_keys[ALMA] = write.person(ALMA)
        return write


class TestPostgresStore(Stored, StoreContract):
    pass
