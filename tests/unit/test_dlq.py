"""Dead letters: what is kept of a record that was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie import dlq
from crosstie.errors import Rejected

WHY = Rejected("/time", "x\ud800\0", "RFC 3339", "send when it happened")
NAMES = st.sampled_from([dlq.TOPIC, dlq.AT, dlq.OMITTED, "ce_id", "", "é"]) | st.text()


@dataclass
class Record:
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, Any]] = field(default_factory=list)
    topic: str = "crosstie.inbox.v1.members"
    partition: int = 3
    offset: int = 41


@settings(deadline=None)
@given(
    st.none() | st.binary(min_size=1),
    st.none() | st.binary(),
    st.lists(st.tuples(NAMES.filter(lambda n: n.isprintable()), st.none() | st.binary())),
)
def test_a_letter_reads_as_the_original_and_its_place(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, Any]]
) -> None:
    entry = dlq.letter(Record(key, value, headers), WHY, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert (letter.key, letter.value, letter.headers) == (key, value, headers)
    assert letter.name == "crosstie.inbox.v1.members/3/41"
    assert (letter.reason.pointer, letter.at) == ("/time", "1970-01-01T00:00:00Z")


def test_what_is_too_big_keeps_its_place_only() -> None:
    record = Record(b"k", b"x" * (dlq.MOST_BYTES + 1))
    entry = dlq.letter(record, WHY, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert letter.omitted == dlq.MOST_BYTES + 2
    assert len(entry.value or b"") == 0


def test_the_list_shows_no_payload_and_the_letter_shows_all_of_it() -> None:
    entry = dlq.letter(Record(b"\xff", b"secret", [("h", b"v")]), WHY, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert "secret" not in str(dlq.shown(letter))
    assert dlq.shown_in_full(letter)["original"] == {
        "key": {"hex": "ff"},
        "headers": {"h": "v"},
        "value": "secret",
    }


def test_what_is_no_letter_is_refused() -> None:
    with pytest.raises(Rejected):
        dlq.read(b"", b"", [("x", b"y")])
