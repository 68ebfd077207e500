"""Defects of the way from the log into PostgreSQL and on to `network.v1`."""

from __future__ import annotations

from tests.mutants.defect import COMMON, defect

SQL = "services/profile/sql.py"
PARTITION = "services/profile/partition.py"
BATCH = "services/profile/batch.py"
PUBLISHER = "services/profile/publisher.py"
STORE = "tests/services/test_profile_store.py::TestPostgresStore::"
AT_WORK = "tests/unit/profile/test_profile_partition.py::"
DEDUPE = "tests/unit/network/test_dedupe.py::"
CRASHES = "tests/unit/profile/test_profile_crashes.py::"
GAPS = "tests/unit/profile/test_profile_gaps.py::"
REFUSALS = "tests/unit/profile/test_profile_refusals.py::"

DEFECTS = (
    defect(
        "inbox of digests not asked",
        f"{STORE}test_what_was_folded_once_is_known",
        (SQL, "identity = ANY($2::bytea[])", "identity = ANY($2::bytea[]) AND false"),
    ),
    defect(
        "inbox of digests not written",
        f"{STORE}test_what_was_folded_once_is_known",
        (
            SQL,
            "$8::bigint[]) AS i (identity, body, watermark)\n",
            "$8::bigint[]) AS i (identity, body, watermark) WHERE false\n",
        ),
    ),
    defect(
        "an identity that was pruned meanwhile not remembered anew",
        f"{STORE}test_an_identity_that_is_pruned_before_the_commit_is_remembered_all_the_same",
        (
            SQL,
            "$11::bigint[]) AS i (identity, body, watermark)\n",
            "$11::bigint[]) AS i (identity, body, watermark) WHERE false\n",
        ),
    ),
    defect(
        "rows of an older worker's batch looked for by names alone",
        f"{STORE}test_what_an_older_worker_committed_without_names_goes_out_too",
        (
            "services/profile/store.py",
            '            if sum(each["end"] - each["start"] for each in batches) == ',
            '            if sum(each["end"] - each["start"] for each in batches) <= ',
        ),
    ),
    defect(
        "what is known is folded again",
        "tests/services/test_profile_store.py::TestMemoryStore::test_what_was_folded_once_is_known",
        (BATCH, "if v is Verdict.NEW]", "if v is not Verdict.FORGED]"),
    ),
    defect(
        "a forgery taken for a retry",
        f"{STORE}test_another_body_under_a_known_identity_is_kept_aside",
        (
            f"{COMMON}/network/dedupe.py",
            "Verdict.KNOWN if known.body == event.body else Verdict.FORGED",
            "Verdict.KNOWN",
        ),
    ),
    defect(
        "dedupe horizon ignored",
        f"{DEDUPE}test_an_identity_is_forgotten_a_horizon_after_it_arrived",
        (
            f"{COMMON}/network/dedupe.py",
            "if known is None or known.watermark < watermark - HORIZON_US:",
            "if known is None:",
        ),
    ),
    defect(
        "identities pruned before their horizon",
        f"{STORE}test_identities_past_the_horizon_are_pruned",
        (SQL, "i.watermark < p.latest - $2", "i.watermark <= p.latest - $2"),
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
        (PUBLISHER, "                await self._producer.begin_transaction()\n", ""),
        (PUBLISHER, "                await self._producer.commit_transaction()\n", ""),
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
        (PARTITION, "    if last - first + 1 != len(records):", "    if last < first:"),
    ),
    defect(
        "a log made again taken for the old one",
        f"{STORE}test_a_namesake_of_the_log_is_refused",
        (SQL, " WHERE p.topic_id = $2\n", "\n"),
    ),
    defect(
        "good neighbours of a bad record quarantined too",
        f"{REFUSALS}test_what_the_database_refuses_is_quarantined_alone",
        (
            PARTITION,
            (
                "            if len(records) == 1:\n"
                "                return await self._apply("
                "hold, records, latest, {records[0].offset: str(error)})"
            ),
            (
                "            if not condemned:\n"
                "                every = {each.offset: str(error) for each in records}\n"
                "                return await self._apply(hold, records, latest, every)"
            ),
        ),
    ),
    defect(
        "quarantine without bytes",
        f"{STORE}test_a_refused_record_is_kept_as_it_came_with_a_command_that_replays_it",
        (
            BATCH,
            "return Refused(record.offset, printable, record.key, record.value, ",
            "return Refused(record.offset, printable, record.key, None, ",
        ),
    ),
    defect(
        "quarantined bytes kept for ever",
        f"{STORE}test_after_30_days_nothing_is_left_of_a_refused_record_but_where_and_why",
        (SQL, "interval '30 days'", "interval '30 years'"),
    ),
    defect(
        "vault row kept",
        f"{STORE}test_events_of_the_erased_are_redacted",
        (
            SQL,
            "WHERE subject = ANY($27::text[])\n)",
            "WHERE subject = ANY($27::text[]) AND false\n)",
        ),
    ),
    defect(
        "an erased row without a tombstone",
        f"{AT_WORK}test_an_erased_member_leaves_a_tombstone_and_no_row",
        (
            BATCH,
            "    rows = dict.fromkeys(erasures) | fold_all(known.rows, new)",
            "    rows = {k: r for k, r in fold_all(known.rows, new).items() if r is not None}",
        ),
    ),
    defect(
        "a marker dropped before its tombstone is out",
        f"{STORE}test_a_marker_stays_while_its_tombstone_may_not_be_out",
        (
            SQL,
            "m.state IS NULL AND m.subject = ANY($4::text[])\n        AND m.version <= $3",
            "m.state IS NULL AND $4::text[] IS NOT NULL",
        ),
    ),
    defect(
        "a marker dropped with an older tombstone than its own",
        f"{STORE}test_a_marker_stays_until_its_own_tombstone_is_out",
        (
            SQL,
            "m.subject = ANY($4::text[])\n        AND m.version <= $3",
            "m.subject = ANY($4::text[])",
        ),
    ),
    defect(
        "an erasure passed over because its id was used before",
        f"{DEDUPE}test_an_erasure_is_new_whatever_came_before_under_its_id_and_is_not_remembered",
        (f"{COMMON}/network/dedupe.py", "if event.type == ERASED:", "if False:"),
    ),
    defect(
        "facts in order of arrival",
        "tests/unit/network/test_fold.py::test_the_later_event_time_wins_whatever_its_arrival",
        (
            f"{COMMON}/network/fold.py",
            "    return fact.precedence(name) > known.precedence(name)",
            "    return True",
        ),
    ),
    defect(
        "the erased brought back within their batch",
        "tests/unit/network/test_fold.py::"
        "test_an_erased_member_is_gone_and_nothing_later_in_the_batch_brings_them_back",
        (f"{COMMON}/network/fold.py", "            erased.add(key)\n", "            pass\n"),
    ),
    defect(
        "a consumer that hangs left hanging",
        "tests/unit/profile/test_profile_watchdog.py::"
        "test_one_that_stands_still_behind_the_end_hangs_though_others_move",
        ("services/profile/watchdog.py", "if now - since >= STILL_SECONDS:", "if now < since:"),
    ),
)
