"""Defects of the doors: who may send what, what is refused, and what becomes of the rest."""

from __future__ import annotations

from tests.mutants.defect import COMMON, defect

KEYS = f"{COMMON}/api_keys.py"
AUTH = f"{COMMON}/runtime/auth.py"
ARRIVAL = f"{COMMON}/door/arrival.py"
INTAKE = "services/ingestion/intake.py"
INBOX = "services/ingestion/inbox.py"
COMMITTED = "            await self._commits.batch(self._subscriber.consumer, records)\n"
LETTERS = "services/ingestion/letters.py"
KEY = "tests/services/test_auth.py::"
BUS = "tests/services/test_ingestion_inbox.py::"
HTTP_KEYS = "tests/services/test_ingestion_http_keys.py::"
HTTP_LOAD = "tests/services/test_ingestion_http_load.py::"

DEFECTS = (
    defect(
        "offset committed before the effect",
        "tests/unit/test_ingestion_commit.py::"
        "test_a_batch_is_committed_after_it_is_taken_and_only_where_it_is_ours",
        (
            INBOX,
            f"            await self._letters.take(records)\n{COMMITTED}",
            f"{COMMITTED}            await self._letters.take(records)\n",
        ),
    ),
    defect(
        "on to the next batch after one that failed",
        "tests/unit/test_ingestion_commit.py::"
        "test_after_a_batch_that_was_not_taken_nothing_is_committed",
        (INBOX, "return self.failed.done() or self._running", "return self._running"),
    ),
    defect(
        "a dead letter dropped",
        f"{BUS}test_what_is_wrong_is_kept_as_it_came_with_the_reason",
        (LETTERS, "        await self._bury(records, reasons, at)\n", ""),
    ),
    defect(
        "a dead letter without its headers",
        f"{BUS}test_what_is_wrong_is_kept_as_it_came_with_the_reason",
        (
            f"{COMMON}/dlq.py",
            "    headers = sendable(record.headers) if size <= MOST_BYTES else []\n",
            "    headers: list[tuple[str, bytes]] = []\n",
        ),
    ),
    defect(
        "accepted before it is acknowledged",
        "tests/services/test_ingestion_broker.py::"
        "test_while_the_broker_stands_still_callers_get_503_in_time",
        ("services/ingestion/log.py", "            await _acknowledged(sent)\n", ""),
    ),
    defect(
        "key check omitted",
        f"{KEY}test_a_key_of_another_pepper_or_with_another_secret_is_unknown",
        (
            KEYS,
            'if row is None or not key.matches(row["hash"], pepper, row["scheme"]):',
            "if row is None:",
        ),
    ),
    defect(
        "key check not in constant time",
        f"{KEY}test_the_hash_of_a_key_is_compared_in_constant_time",
        (
            KEYS,
            "hmac.compare_digest(self.hash(pepper, scheme), stored)",
            "self.hash(pepper, scheme) == stored",
        ),
    ),
    defect(
        "hash of a key without the pepper",
        f"{KEY}test_a_key_of_another_pepper_or_with_another_secret_is_unknown",
        (
            KEYS,
            'hmac.digest(pepper, self.secret.encode(), "sha256")',
            "hashlib.sha256(self.secret.encode()).digest()",
        ),
    ),
    defect(
        "revoked key kept in the registry",
        f"{KEY}test_a_revoked_key_is_unknown_also_to_those_who_knew_it",
        (KEYS, "WHERE k.id = $1 AND k.revoked_at IS NULL", "WHERE k.id = $1"),
    ),
    defect(
        "revoked key kept in memory",
        f"{KEY}test_a_revoked_key_is_unknown_also_to_those_who_knew_it",
        (AUTH, "        other.pop(key, None)\n", ""),
    ),
    defect(
        "expired key taken",
        f"{KEY}test_a_key_ends_with_its_time_also_where_it_is_remembered",
        (AUTH, "return found if found is not None and found.valid(now) else None", "return found"),
    ),
    defect(
        "made-up keys push right ones out",
        f"{KEY}test_made_up_keys_never_push_right_ones_out",
        (
            AUTH,
            "memory, other = (self._wrong, self._right) if wrong else (self._right, self._wrong)",
            "memory, other = (self._right, self._right) if wrong else (self._right, self._wrong)",
        ),
    ),
    defect(
        "scope of a key ignored",
        f"{HTTP_KEYS}test_a_key_may_do_less_than_its_platform",
        (AUTH, "if scope not in caller.scopes:", "if not caller.scopes:"),
    ),
    defect(
        "sources of a key ignored",
        f"{HTTP_KEYS}test_a_key_never_speaks_for_a_source_it_was_not_given",
        (
            KEYS,
            "frozenset(theirs) if allowed is None else frozenset(theirs) & frozenset(allowed)",
            "frozenset(theirs)",
        ),
    ),
    defect(
        "another platform's source taken",
        f"{HTTP_KEYS}test_what_only_others_may_send_is_forbidden",
        (ARRIVAL, "    if source not in platform.sources:", "    if not source:"),
    ),
    defect(
        "another platform's people written about",
        "tests/unit/door/test_arrival.py::test_nobody_writes_about_other_platforms_people",
        (
            ARRIVAL,
            "elif isinstance(data, MemberData) and data.member.authority not in mine:",
            "elif False:",
        ),
    ),
    defect(
        "rate of a key ignored",
        f"{HTTP_LOAD}test_who_calls_too_often_is_told_when_to_come_back",
        (
            AUTH,
            "        if wait := keys.wait(caller):",
            "        if wait := 0 * keys.wait(caller):",
        ),
    ),
    defect(
        "what a member says logged in plain",
        "tests/unit/door/test_entries.py::"
        "test_what_is_said_of_a_member_is_sealed_and_opens_to_what_was_sent",
        (
            f"{COMMON}/door/entries.py",
            "sealed = seal(_encode(data), subject.data_key, arrival.source, arrival.id)",
            "sealed = _encode(data)",
        ),
    ),
    defect(
        "a retry in other bytes",
        "tests/unit/door/test_entries.py::test_a_gathering_is_every_pair_once_whatever_the_order",
        (
            f"{COMMON}/door/entries.py",
            "members = sorted(subjects[each].id for each in gathering.members if each in subjects)",
            "members = [subjects[each].id for each in gathering.members if each in subjects]",
        ),
    ),
    defect(
        "an old retry brings the erased back",
        "tests/unit/test_ingestion_intake.py::"
        "test_what_is_dated_up_to_an_erasure_is_refused_and_what_comes_after_is_taken",
        (
            INTAKE,
            "subject is not None and (subject.erased is None or subject.erased < arrival.time)",
            "subject is not None",
        ),
    ),
    defect(
        "an erasure that a crash cut short left so",
        "tests/services/test_ingestion_erasure.py::"
        "test_an_erasure_that_a_crash_cut_short_is_finished_by_whoever_runs",
        (
            INTAKE,
            "        await self._log_erasures(await self._erasures.unlogged(UNFINISHED_SECONDS))\n",
            "        await self._erasures.unlogged(UNFINISHED_SECONDS)\n",
        ),
    ),
    defect(
        "events of the erased remembered by other replicas",
        "tests/services/test_vault.py::test_other_replicas_hear_of_a_retirement_at_once",
        (
            f"{COMMON}/erasures.py",
            "SELECT pg_notify('{RETIRED}', subject) FROM retired",
            "SELECT subject FROM retired",
        ),
    ),
    defect(
        "room for what is in hand without bounds",
        f"{HTTP_LOAD}test_what_is_more_than_there_is_room_for_is_to_come_again",
        (INTAKE, "Room(MOST_IN_HAND)", "Room(1000 * MOST_IN_HAND)"),
    ),
)
