"""Rows on the wire: one byte string per row, whichever way it was reached."""

from __future__ import annotations

from hypothesis import given

from crosstie.network.facts import Event
from crosstie.network.fold import fold_all
from crosstie.network.wire import Mark, decode_mark, decode_row, encode
from tests.unit.network.logs import logs


@given(logs)
def test_a_row_read_back_is_the_same_row_and_the_same_bytes(log: list[Event]) -> None:
    for key, row in fold_all({}, log).items():
        assert row is not None
        again = decode_row(key, encode(row))
        assert again == row
        assert encode(again) == encode(row)


@given(logs)
def test_a_row_is_the_same_bytes_when_stored_and_read_between_any_two_events(
    log: list[Event],
) -> None:
    stored: dict[str, bytes] = {}
    for event in log:
        rows = {event.key: decode_row(event.key, stored[event.key])} if event.key in stored else {}
        changed = fold_all(rows, [event])
        stored |= {key: encode(row) for key, row in changed.items() if row is not None}
    assert stored == {k: encode(row) for k, row in fold_all({}, log).items() if row is not None}


def test_a_mark_says_how_far_and_how_late() -> None:
    assert encode(Mark(17, 5)) == b'{"end":17,"latest":5}'
    assert decode_mark(encode(Mark(17, 5))) == Mark(17, 5)
