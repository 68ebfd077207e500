"""Defects of the way from the log into PostgreSQL and on to `network.v1`: fences, offsets, gaps."""

from __future__ import annotations

from tests.mutants.defect import defect

SQL = "services/profile/sql.py"
PARTITION = "services/profile/partition.py"
BATCH = "services/profile/batch.py"
PUBLISHER = "services/profile/publisher.py"
STORE = "tests/services/test_profile_store.py::TestPostgresStore::"
TABLES = "tests/services/test_profile_tables.py::TestTables::"
AT_WORK = "tests/unit/profile/test_profile_partition.py::"
CRASHES = "tests/unit/profile/test_profile_crashes.py::"
GAPS = "tests/unit/profile/test_profile_gaps.py::"
REFUSALS = "tests/unit/profile/test_profile_refusals.py::"

DEFECTS = (
    defect(
        "rows of an older worker's batch looked for by names alone",
        f"{TABLES}test_what_an_older_worker_committed_without_names_goes_out_too",
        (
            "services/profile/store.py",
            '            if sum(each["end"] - each["start"] for each in batches) == ',
            '            if sum(each["end"] - each["start"] for each in batches) <= ',
        ),
    ),
    defect(
        "epoch fence removed from the commit",
        f"{STORE}test_a_stale_epoch_changes_nothing",
        (
            SQL,
            "WHERE partition = $1 AND epoch = $2 AND next_offset = $3",
            "WHERE partition = $1 AND $2::bigint > 0 AND next_offset = $3",
        ),
    ),
    defect(
        "a batch committed that is not the next one",
        f"{STORE}test_a_batch_that_is_not_the_next_one_changes_nothing",
        (
            SQL,
            "WHERE partition = $1 AND epoch = $2 AND next_offset = $3",
            "WHERE partition = $1 AND epoch = $2 AND $3::bigint >= 0",
        ),
    ),
    defect(
        "epoch not raised by taking over",
        f"{STORE}test_taking_over_raises_the_epoch_and_goes_on_where_it_ended",
        (SQL, "SET epoch = p.epoch + 1", "SET epoch = p.epoch"),
    ),
    defect(
        "a stale owner notes what is published",
        f"{STORE}test_a_stale_epoch_changes_nothing",
        (
            SQL,
            "WHERE partition = $1 AND epoch = $2\n    RETURNING partition\n), out",
            "WHERE partition = $1 AND $2::bigint > 0\n    RETURNING partition\n), out",
        ),
    ),
    defect(
        "epoch not confirmed after opening the producer",
        f"{CRASHES}test_a_zombie_that_opens_the_id_again_publishes_nothing_all_the_same",
        (
            PARTITION,
            "await self._outlet.open()\n        await self._store.confirm(hold)",
            "await self._outlet.open()",
        ),
    ),
    defect(
        "plain instead of transactional producer",
        "tests/services/test_profile_kafka.py::test_whoever_opened_the_id_before_publishes_no_more",
        (PUBLISHER, "            await self._producer.begin_transaction()\n", ""),
        (PUBLISHER, "            await self._producer.commit_transaction()\n", ""),
        (PUBLISHER, "self._make(self._id)", "self._make(None)  # type: ignore[arg-type]"),
    ),
    defect(
        "publish before commit",
        f"{REFUSALS}test_what_the_database_refuses_is_quarantined_alone",
        (
            PARTITION,
            "        image = await self._store.commit(hold, outcome)\n",
            (
                "        from crosstie.network.wire import encode\n"
                "        rows = [(k.encode(), r and encode(r)) for k, r in outcome.rows.items()]\n"
                "        early = Image(self.number, rows, outcome.end, outcome.latest)\n"
                "        await self._outlet.publish(early)\n"
                "        image = await self._store.commit(hold, outcome)\n"
            ),
        ),
    ),
    defect(
        "unpublished rows not sent on assignment",
        f"{CRASHES}test_what_was_committed_but_not_published_goes_out_after_a_crash",
        (
            PARTITION,
            "        if image is not None:\n            await",
            "        if False:\n            await",
        ),
    ),
    defect(
        "unpublished rows looked for past what was folded",
        f"{STORE}test_an_erased_member_is_a_tombstone_and_then_nothing",
        (
            SQL,
            (
                "SELECT 'member/' || subject AS key, state FROM profile.members\n"
                "WHERE partition = $1 AND version > $2 AND subject"
            ),
            (
                "SELECT 'member/' || subject AS key, state FROM profile.members\n"
                "WHERE partition = $1 AND version > $2 + 1000000 AND subject"
            ),
        ),
    ),
    defect(
        "published offset goes back",
        f"{STORE}test_what_was_not_published_goes_out_again_until_it_is",
        (SQL, "greatest(published_offset, $3)", "$3"),
    ),
    defect(
        "more than one batch folded ahead",
        f"{CRASHES}test_at_most_one_batch_is_folded_ahead_of_the_publishing",
        (
            PARTITION,
            "        await self._published_before()\n        self._publishing =",
            "        self._publishing =",
        ),
    ),
    defect(
        "the batch in hand left unpublished at the stop",
        f"{AT_WORK}test_released_it_finishes_and_publishes_the_batch_in_hand",
        (
            PARTITION,
            "            await self._published_before()\n            raise Released",
            "            raise Released",
        ),
    ),
    defect(
        "no mark where no row changed",
        f"{AT_WORK}test_a_mark_goes_out_even_when_no_row_changed",
        (
            PARTITION,
            "        self._publishing = asyncio.create_task(self._publish(hold, image))",
            (
                "        if image.rows:\n"
                "            self._publishing = asyncio.create_task(self._publish(hold, image))"
            ),
        ),
    ),
    defect(
        "a gap in the log shrugged at",
        f"{GAPS}test_a_gap_in_the_log_makes_the_worker_unready_and_applies_nothing",
        (
            PARTITION,
            "            if records[0].offset != self.next_offset:",
            "            if records[0].offset < self.next_offset:",
        ),
    ),
    defect(
        "a hole in a batch shrugged at",
        f"{GAPS}test_a_hole_in_a_batch_makes_the_worker_unready",
        (BATCH, "    if last - first + 1 != len(records):", "    if last < first:"),
    ),
    defect(
        "a log made again taken for the old one",
        f"{STORE}test_a_namesake_of_the_log_is_refused",
        (SQL, " WHERE p.topic_id = $2\n", "\n"),
    ),
    defect(
        "a consumer that hangs left hanging",
        "tests/unit/profile/test_profile_watchdog.py::"
        "test_one_that_stands_still_behind_the_end_hangs_though_others_move",
        ("services/profile/watchdog.py", "if now - since >= STILL_SECONDS:", "if now < since:"),
    ),
)
