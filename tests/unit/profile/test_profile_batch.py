"""One batch, from records to what changes: what is refused is kept as it came, and hides no neighbour."""

from __future__ import annotations

import pytest

from crosstie.network.dedupe import HORIZON_US, identity_of
from crosstie.network.state import tie_key
from services.profile import batch
from services.profile.batch import FORGED, Known, Outcome, Refused
from tests.profile_log import ALMA, BORIS, CHIDI, SOURCE, Logged, Writer, in_order

EMPTY = Known({}, {}, {}, 0)


def folded(records: list[Logged], known: Known = EMPTY, **condemned: str) -> Outcome:
    bad = {int(offset.removeprefix("at_")): why for offset, why in condemned.items()}
    return batch.fold(batch.read(3, records, bad), known)


def as_it_came(record: Logged, reason: str) -> Refused:
    return Refused(record.offset, reason, record.key, record.value, tuple(record.headers))


def test_a_batch_says_where_it_begins_and_ends_and_what_it_is_about() -> None:
    write = Writer()
    reading = batch.read(
        3, in_order(write.met(ALMA, BORIS), write.described(CHIDI, id="x"), start=7), {}
    )
    assert (reading.partition, reading.start, reading.end) == (3, 7, 9)
    assert reading.keys == [f"member/{CHIDI}", tie_key(ALMA, BORIS)]
    assert reading.sealed == [CHIDI]
    assert reading.identities == (identity_of(SOURCE, "e1"), identity_of(SOURCE, "x"))
    assert reading.refused == ()


def test_a_condemned_record_is_set_aside_and_those_after_it_count() -> None:
    write = Writer()
    records = in_order(*(write.met(ALMA, each) for each in (BORIS, BORIS, CHIDI)), start=4)
    outcome = folded(records, at_5="PostgreSQL takes no \0 in text")
    assert outcome.refused == (as_it_came(records[1], "PostgreSQL takes no \\0 in text"),)
    assert outcome.rows.keys() == {tie_key(ALMA, BORIS), tie_key(ALMA, CHIDI)}
    assert (outcome.start, outcome.end) == (4, 7)


def test_what_cannot_be_read_says_why_and_those_after_it_count() -> None:
    write = Writer()
    records = in_order(write.garbage(), write.met(ALMA, BORIS))
    (refused,) = folded(records).refused
    assert "/headers is " in refused.reason
    assert refused == as_it_came(records[0], refused.reason)
    assert folded(records).rows.keys() == {tie_key(ALMA, BORIS)}


def test_what_cannot_be_opened_says_why_and_what_comes_after_keeps_its_own_verdict() -> None:
    write = Writer()
    broken, good = write.described(ALMA, sector="housing"), write.met(ALMA, BORIS, id="same")
    forged = write.met(ALMA, BORIS, id="same", at=5)
    records = in_order(broken, good, forged)
    outcome = folded(records, Known({ALMA: bytes(32)}, {}, {}, 0))
    unopened, other = outcome.refused
    assert unopened == as_it_came(records[0], unopened.reason)
    assert "/data is " in unopened.reason
    assert other == as_it_came(records[2], FORGED)
    assert outcome.counts == {"new": 1, "known": 0, "redacted": 0}


def test_new_known_forged_and_redacted_are_counted_each_for_itself() -> None:
    write = Writer()
    met = write.met(ALMA, BORIS, id="same")
    forged = write.met(ALMA, CHIDI, id="same")
    records = in_order(met, met, met, forged, write.described(ALMA))
    outcome = folded(records)
    assert outcome.counts == {"new": 2, "known": 2, "redacted": 1}
    assert [each.offset for each in outcome.refused] == [3]


def test_held_are_the_changed_rows_that_were_there_and_neither_new_ones_nor_unchanged() -> None:
    write = Writer()
    before = folded(in_order(write.met(ALMA, BORIS), write.met(ALMA, CHIDI)))
    again = in_order(write.met(ALMA, BORIS), write.met(BORIS, CHIDI))
    outcome = folded(again, Known({}, {}, before.rows, 0))
    assert outcome.rows.keys() == {tie_key(ALMA, BORIS), tie_key(BORIS, CHIDI)}
    assert outcome.held == {tie_key(ALMA, BORIS)}


def test_renewed_are_identities_past_their_horizon_and_neither_new_ones_nor_known() -> None:
    write = Writer()
    old = write.met(ALMA, BORIS, id="old", at=1)
    late = write.met(ALMA, BORIS, id="late", at=HORIZON_US + 2)
    seen = folded(in_order(old, late)).remember
    records = in_order(old, late, write.met(ALMA, BORIS, id="new"))
    outcome = folded(records, Known({}, seen, {}, HORIZON_US + 2))
    assert outcome.counts == {"new": 2, "known": 1, "redacted": 0}
    assert outcome.renewed == {identity_of(SOURCE, "old")}


@pytest.mark.parametrize("latest", [0, 2**60])
def test_the_greatest_event_time_never_goes_back(latest: int) -> None:
    records = in_order(Writer().met(ALMA, BORIS, at=2**55))
    assert folded(records, Known({}, {}, {}, latest)).latest == max(latest, 2**55)
