"""Defects of what the fold makes of the log: doubles, facts, the refused and the erased."""

from __future__ import annotations

from tests.mutants.defect import COMMON, defect

SQL = "services/profile/sql.py"
PARTITION = "services/profile/partition.py"
BATCH = "services/profile/batch.py"
STORE = "tests/services/test_profile_store.py::TestPostgresStore::"
TABLES = "tests/services/test_profile_tables.py::TestTables::"
AT_WORK = "tests/unit/profile/test_profile_partition.py::"
DEDUPE = "tests/unit/network/test_dedupe.py::"
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
        f"{TABLES}test_an_identity_that_is_pruned_before_the_commit_is_remembered_all_the_same",
        (
            SQL,
            "$11::bigint[]) AS i (identity, body, watermark)\n",
            "$11::bigint[]) AS i (identity, body, watermark) WHERE false\n",
        ),
    ),
    defect(
        "what is known is folded again",
        "tests/services/test_profile_store.py::TestMemoryStore::test_what_was_folded_once_is_known",
        (BATCH, "if v is Verdict.NEW]", "if v is not Verdict.FORGED]"),
    ),
    defect(
        "a forgery taken for a retry",
        f"{TABLES}test_another_body_under_a_known_identity_is_kept_aside",
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
        f"{TABLES}test_identities_past_the_horizon_are_pruned",
        (SQL, "i.watermark < p.latest - $2", "i.watermark <= p.latest - $2"),
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
        f"{TABLES}test_a_refused_record_is_kept_as_it_came_with_a_command_that_replays_it",
        (
            BATCH,
            "return Refused(record.offset, printable, record.key, record.value, ",
            "return Refused(record.offset, printable, record.key, None, ",
        ),
    ),
    defect(
        "quarantined bytes kept for ever",
        f"{TABLES}test_after_30_days_nothing_is_left_of_a_refused_record_but_where_and_why",
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
)
