"""Defects of matching as a service: what it reads, who leads, what it commits and publishes."""

from __future__ import annotations

from tests.mutants.defect import COMMON, defect

SQL = "services/matching/sql.py"
PUBLISHING = "services/matching/publishing.py"
ASSEMBLY = "services/matching/assembly.py"
READER = "services/matching/reader.py"
LEADERS = "tests/services/test_matching_leaders.py::"
READ = "tests/services/test_matching_reader.py::"
SERVICE = "tests/services/test_matching_service.py::"
TURNS = "tests/services/test_matching_turns.py::"
PUBLISHED = "tests/services/test_matching_publishing.py::"

DEFECTS = (
    defect(
        "head check skipped: the advisory lock alone",
        f"{LEADERS}test_a_leader_that_lost_the_head_drops_its_round",
        (SQL, "WHERE n = $1 - 1 AND digest = $4", "WHERE n = $1 - 1 AND $4::text IS NOT NULL"),
    ),
    defect(
        "a round committed twice as another",
        f"{LEADERS}test_a_commit_whose_answer_was_lost_is_recognised_and_another_is_not",
        ("services/matching/store.py", "if head[:3] == mine:", "if head[0] == mine[0]:"),
    ),
    defect(
        "plain instead of transactional producer of rounds",
        f"{PUBLISHED}test_a_predecessor_that_begins_to_publish_is_fenced",
        (PUBLISHING, "                        await producer.begin_transaction()\n", ""),
        (
            PUBLISHING,
            "                    await producer.commit_transaction()\n",
            "                    pass\n",
        ),
        (
            PUBLISHING,
            '        transactional_id=f"{settings.topic_prefix}{_TRANSACTIONAL_ID}",\n',
            "",
        ),
    ),
    defect(
        "a transactional id for every leader",
        f"{PUBLISHED}test_a_predecessor_in_mid_transaction_is_fenced_and_its_records_never_show",
        (
            PUBLISHING,
            'f"{settings.topic_prefix}{_TRANSACTIONAL_ID}"',
            'f"{settings.topic_prefix}{_TRANSACTIONAL_ID}{asyncio.get_running_loop().time()}"',
        ),
    ),
    defect(
        "publish before commit of a round",
        f"{LEADERS}test_a_leader_that_lost_the_head_drops_its_round",
        (
            "services/matching/rounds.py",
            '        await retrying(lambda: self._store.commit(decision), self._running, "commit")\n',
            (
                "        await self._publisher._sent(\n"
                "            await self._publisher._ready(), list(decision.images)\n"
                "        )\n"
                '        await retrying(lambda: self._store.commit(decision), self._running, "commit")\n'
            ),
        ),
    ),
    defect(
        "what was committed not sent at take-over",
        f"{PUBLISHED}test_what_was_committed_goes_out_before_anything_else",
        (
            PUBLISHING,
            "        await self.publish((await retrying(self._store.head, self._running)).n)\n",
            "        await self._store.published((await self._store.head()).n)\n",
        ),
    ),
    defect(
        "the end of rounds.v1 not asked",
        f"{PUBLISHED}test_a_round_that_is_out_is_not_sent_again",
        (PUBLISHING, "                await self._agree()\n", ""),
    ),
    defect(
        "a restored database not rolled forward",
        f"{LEADERS}test_a_restored_database_rolls_forward_from_the_rounds_topic",
        (
            PUBLISHING,
            "        await self._roll_forward(following(out, head.n, head.digest))\n",
            "",
        ),
    ),
    defect(
        "another history led on",
        f"{LEADERS}test_a_database_with_another_history_leads_nothing",
        (
            PUBLISHING,
            "        await self._same_history([each for each in out if each.n <= head.n])\n",
            "",
        ),
    ),
    defect(
        "published images kept in the outbox",
        f"{SERVICE}test_nothing_of_a_published_round_stays_in_the_outbox",
        (
            SQL,
            "DELETE FROM matching.outbox WHERE n <= $1",
            "DELETE FROM matching.outbox WHERE n < $1",
        ),
    ),
    defect(
        "rows read past the newest mark",
        f"{READ}test_rows_after_the_newest_mark_wait_for_theirs",
        (
            ASSEMBLY,
            "        if mark is not None:\n            self._apply(ready)",
            "        self._apply(ready | waiting)\n        if mark is not None:",
        ),
    ),
    defect(
        "marks read past the end asked for: not up to it",
        f"{READ}test_up_to_the_end_is_up_to_where_it_was_when_asked",
        (
            READER,
            "return all(at.get(partition, 0) >= end for",
            "return all(at.get(partition, 0) <= end for",
        ),
    ),
    defect(
        "uncommitted records read",
        f"{READ}test_an_aborted_transaction_never_shows_and_does_not_hold_up_the_end",
        (
            f"{COMMON}/runtime/kafka.py",
            '"isolation_level": "read_committed"',
            '"isolation_level": "read_uncommitted"',
        ),
    ),
    defect(
        "a network read on where the topic lacks what comes next",
        f"{READ}test_a_topic_that_lacks_what_comes_next_is_read_anew",
        (
            READER,
            "reason=str(reason))\n                self._start_over()\n",
            "reason=str(reason))\n                self._positions = None\n",
        ),
    ),
    defect(
        "a round upon a network older than the last one saw",
        f"{TURNS}test_no_round_opens_on_a_network_older_than_the_last_round_saw",
        (
            "services/matching/turns.py",
            "if any(now < then for now, then in",
            "if all(now < then for now, then in",
        ),
    ),
    defect(
        "a backfill floods people",
        f"{TURNS}test_rounds_are_held_while_profile_is_far_behind",
        (
            "services/matching/turns.py",
            "return _BEHIND if lag > self._settings.hold_lag_events else",
            "return _BEHIND if lag < 0 else",
        ),
    ),
    defect(
        "no rest after a round that found no assignment",
        f"{TURNS}test_what_happened_settles_while_no_assignment_is_found",
        (
            "services/matching/turns.py",
            "if not held and mine.rests(",
            "if False and mine.rests(",
        ),
    ),
    defect(
        "what happened waits for memory",
        f"{TURNS}test_what_happened_settles_while_no_assignment_is_found",
        (
            "services/matching/figures.py",
            "full=False, settle_only=True)",
            "full=False, settle_only=False)",
        ),
    ),
    defect(
        "a pause of operators ignored",
        f"{TURNS}test_rounds_wait_while_paused",
        (
            "services/matching/turns.py",
            "held = _PAUSED if control.paused else",
            "held = _PAUSED if False else",
        ),
        (
            "services/matching/turns.py",
            "        if control.paused:\n            return bool(",
            "        if False:\n            return bool(",
        ),
    ),
    defect(
        "a round taken that does not follow from the last",
        "tests/unit/test_rounds_record.py::test_another_history_is_a_gap",
        (
            f"{COMMON}/matching/record.py",
            "if round.previous != previous or digest(round) != round.digest:",
            "if digest(round) != round.digest:",
        ),
    ),
    defect(
        "a missing part of a round shrugged at",
        "tests/unit/test_rounds_record.py::test_a_round_that_lacks_a_part_is_none",
        (f"{COMMON}/matching/record.py", "if len(parts) != number - 1:", "if False:"),
    ),
    defect(
        "one side's acceptance told",
        "tests/unit/test_showing.py::test_the_sequence_does_not_tell_that_one_side_accepted",
        (
            f"{COMMON}/showing.py",
            "return len(suggestion.accepted_by) == len(suggestion.members)",
            "return len(suggestion.accepted_by) > 0",
        ),
    ),
    defect(
        "a decline told",
        f"{SERVICE}test_a_decline_shows_as_closed_without_a_word_of_who",
        (
            f"{COMMON}/showing.py",
            'return "withdrawn" if cause in IMPERSONAL else "closed"',
            'return "withdrawn" if cause == "declined" else "closed"',
        ),
    ),
    defect(
        "an older seq taken for news",
        "tests/unit/test_simulate_reactions.py::test_an_older_seq_is_ignored",
        (
            f"{COMMON}/simulate/reactions.py",
            "if change.seq <= self._seen.get(change.suggestion, 0):",
            "if change.seq < 0:",
        ),
    ),
    defect(
        "seq not raised by a change",
        "tests/unit/matching/test_settle.py::test_both_accepting_is_accepted_and_then_met_is_the_end",
        (f"{COMMON}/matching/model.py", "seq=suggestion.seq + 1", "seq=suggestion.seq"),
    ),
    defect(
        "people of another platform named",
        "tests/unit/test_matching_words.py::test_somebody_of_a_third_authority_is_named_to_nobody",
        (
            "services/matching/tell.py",
            "if self._people[each].authority in authorities)",
            "if self._people[each])",
        ),
    ),
    defect(
        "words for another platform's person sent",
        "tests/unit/test_matching_words.py::test_what_is_addressed_to_another_platforms_person_is_not_in_it",
        (
            "services/matching/tell.py",
            "own = person is not None and person.authority in authorities",
            "own = person is not None",
        ),
    ),
    defect(
        "the erased named in what is told of them",
        f"{SERVICE}test_what_is_told_of_the_erased_names_nobody",
        (
            "services/matching/tell.py",
            "for each in self._network.members}",
            "for each in people}",
        ),
        (
            "services/matching/sql.py",
            "WHERE subject = ANY($1) AND retired_at IS NULL",
            "WHERE subject = ANY($1)",
        ),
    ),
)
