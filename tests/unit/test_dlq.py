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
OURS = [dlq.TOPIC, dlq.AT, dlq.EMPTY_KEY, dlq.OMITTED, dlq.REPLAYED]
NAMES = st.sampled_from([*OURS, "ce_id", "", "é"]) | st.text()
INBOX = "crosstie.inbox.v1.members"


@dataclass
class Record:
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, Any]] = field(default_factory=list)
    topic: str = INBOX
    partition: int = 3
    offset: int = 41


@settings(deadline=None)
@given(
    st.none() | st.binary(),
    st.none() | st.binary(),
    st.lists(st.tuples(NAMES.filter(lambda n: n.isprintable()), st.none() | st.binary())),
)
def test_a_letter_reads_as_the_original_and_its_place(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, Any]]
) -> None:
    entry = dlq.letter(Record(key, value, headers), WHY, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert dlq.marked(entry.headers) is None
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
    letter = read(Record(b"\xff", b"secret", [("h", b"v"), ("h", b"\xff")]))
    pile = piled(letter)
    assert "secret" not in str(dlq.shown(letter, pile))
    assert dlq.shown_in_full(letter, pile)["original"] == {
        "key": {"hex": "ff"},
        "headers": [["h", "v"], ["h", {"hex": "ff"}]],
        "value": "secret",
    }


@pytest.mark.parametrize(("key", "shown"), [(None, None), (b"", "")])
def test_an_empty_key_is_shown_as_another_than_none(key: bytes | None, shown: str | None) -> None:
    letter = read(Record(key, b"wrong"))
    assert dlq.shown_in_full(letter, piled(letter))["original"]["key"] == shown


def test_a_record_that_is_refused_again_is_one_open_letter() -> None:
    first = read(Record(None, b"wrong"))
    pile = piled(first)
    assert pile.state(first) == "open"
    pile.mark(marked(first))
    assert pile.state(first) == "replayed"
    again = read(replayed(first, pile, offset=42))
    assert pile.add(again)
    assert [pile.state(each) for each in (first, again)] == ["refused again", "open"]
    assert (again.first, again.replays, pile.newest(first)) == (first.name, 1, again.name)


def test_the_replay_of_an_old_letter_is_newer_than_those_between() -> None:
    first = read(Record(None, b"wrong"))
    pile = piled(first)
    second = read(replayed(first, pile, offset=42))
    pile.add(second)
    pile.mark(marked(second))
    third = read(replayed(first, pile, offset=40), at=-1)
    pile.add(third)
    assert third.replays == 2
    assert [pile.state(each) for each in (first, second, third)] == [
        "refused again",
        "refused again",
        "open",
    ]


def test_a_letter_that_is_replayed_by_an_older_name_is_open_no_more() -> None:
    first = read(Record(None, b"wrong"))
    pile = piled(first)
    second = read(replayed(first, pile, offset=42))
    pile.add(second)
    for name in (first.name, pile.newest(first)):  # as a replay marks them
        pile.mark(name)
    assert [pile.state(each) for each in (first, second)] == ["refused again", "replayed"]


def test_the_replay_of_what_is_too_big_for_a_letter_is_known_as_one() -> None:
    first = read(Record(b"k", b"x" * (dlq.MOST_BYTES + 1)))
    again = read(replayed(first, piled(first), offset=42, value=b"x" * (dlq.MOST_BYTES + 1)))
    assert (again.first, again.replays) == (first.name, 1)


def test_a_platform_speaks_of_letters_of_its_own_inbox_only() -> None:
    claimed = [(dlq.REPLAY_OF, b"crosstie.inbox.v1.others/0/1"), (dlq.REPLAYS, b"9")]
    letter = read(Record(None, b"wrong", claimed))
    assert (letter.first, letter.replays) == (letter.name, 0)


def test_a_replay_is_told_of_the_newest_only() -> None:
    first = read(Record(None, b"wrong", [("h", b"v")]))
    pile = piled(first)
    second = replayed(first, pile, offset=42)
    pile.add(read(second))
    third = replayed(read(second), pile, offset=43)
    assert third.headers == [
        ("h", b"v"),
        (dlq.REPLAY_OF, first.name.encode()),
        (dlq.REPLAYS, b"2"),
    ]


def test_what_is_no_letter_is_refused() -> None:
    with pytest.raises(Rejected):
        dlq.read(b"", b"", [("x", b"y")])


def read(record: Record, at: int = 0) -> dlq.Letter:
    entry = dlq.letter(record, WHY, at)
    return dlq.read(entry.key, entry.value, entry.headers)


def piled(*letters: dlq.Letter) -> dlq.Pile:
    pile = dlq.Pile()
    for each in letters:
        pile.add(each)
    return pile


def marked(letter: dlq.Letter) -> str:
    name = dlq.marked(dlq.mark(letter.name, 0).headers)
    assert name is not None
    return name


def replayed(letter: dlq.Letter, pile: dlq.Pile, offset: int, value: bytes | None = None) -> Record:
    """The record that a replay of `letter` puts on the inbox."""
    more = dlq.replay_headers(letter, pile.replays(letter))
    headers = [*dlq.as_sent(letter.headers), *more]
    return Record(letter.key, value or letter.value, headers, offset=offset)
