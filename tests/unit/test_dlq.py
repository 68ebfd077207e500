"""Dead letters: what is kept of a record that was refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from crosstie import dlq
from crosstie.brokers import Brokers
from crosstie.dlq_pile import Pile, shown, shown_in_full
from crosstie.errors import Misconfigured, Rejected
from crosstie.runtime import letters
from crosstie.topics import MEBIBYTE, Topics

WHY = Rejected("/time", "x\ud800\0", "RFC 3339", "send when it happened")
OURS = [dlq.TOPIC, dlq.AT, dlq.EMPTY_KEY, dlq.OMITTED, dlq.DISMISSED, dlq.REPLAYED]
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


def test_what_else_was_wrong_is_kept_and_letters_of_before_are_read() -> None:
    why = Rejected("/time", "now", "RFC 3339", "send when it happened")
    why.others = (Rejected("/id", "", "text", "say the event's id"),)
    entry = dlq.letter(Record(b"k", b"v"), why, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert [each.pointer for each in letter.reason.others] == ["/id"]
    pile = Pile()
    pile.add(letter)
    assert list(shown(letter, pile)["others"]) == [
        {"pointer": "/id", "value": '""', "limit": "text", "remedy": "say the event's id"}
    ]
    before = dlq.letter(Record(b"k", b"v"), WHY, 0)
    assert b"others" not in dict(before.headers)[dlq.REASON]
    assert dlq.read(before.key, before.value, before.headers).reason.others == ()


def test_what_is_too_big_keeps_its_place_only() -> None:
    record = Record(b"k", b"x" * (dlq.MOST_BYTES + 1))
    entry = dlq.letter(record, WHY, 0)
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert letter.omitted == dlq.MOST_BYTES + 2
    assert len(entry.value or b"") == 0


NO_TEXT = ("\udcff", None)  # three bytes on the inbox, eight of a letter in hexadecimal


@pytest.mark.parametrize(
    "headers",
    [
        [NO_TEXT] * 600_000,
        [("", None)] * 1_000_000,
        [*[(dlq.REPLAY_OF, b"x")] * 80_000, NO_TEXT, (dlq.REPLAYS, b"9" * MEBIBYTE)],
        [("😀" * 300_000, None), ("😀" * 300_000, b"x" * MEBIBYTE), NO_TEXT],
    ],
    ids=["no text", "no name", "told", "long"],
)
def test_every_letter_fits_into_its_topic(headers: list[tuple[str, Any]]) -> None:
    entry = dlq.letter(Record(b"k", b"{}", headers), WHY, 0)
    batch = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1)
    batch.append(0, 0, entry.key, entry.value, [*entry.headers])
    assert batch.size() < Topics().dlq.max_message_bytes
    letter = dlq.read(entry.key, entry.value, entry.headers)
    assert letter.name == f"{INBOX}/3/41"
    assert letter.omitted > 0 or len(letter.headers) == len(headers)


def test_of_names_that_no_client_sends_the_bytes_are_kept() -> None:
    letter = read(Record(None, b"wrong", [("\udcff\udcfe", b"v"), ("é", b"w")]))
    assert letter.headers == [("hex:fffe", b"v"), ("é", b"w")]


def test_the_list_shows_no_payload_and_the_letter_shows_all_of_it() -> None:
    letter = read(Record(b"\xff", b"secret", [("h", b"v"), ("h", b"\xff")]))
    pile = piled(letter)
    assert "secret" not in str(shown(letter, pile))
    assert shown_in_full(letter, pile)["original"] == {
        "key": {"hex": "ff"},
        "headers": [["h", "v"], ["h", {"hex": "ff"}]],
        "value": "secret",
    }


@pytest.mark.parametrize(("key", "seen"), [(None, None), (b"", "")])
def test_an_empty_key_is_shown_as_another_than_none(key: bytes | None, seen: str | None) -> None:
    letter = read(Record(key, b"wrong"))
    assert shown_in_full(letter, piled(letter))["original"]["key"] == seen


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


def test_a_dismissed_letter_is_open_no_more_until_it_is_replayed() -> None:
    letter = read(Record(None, b"wrong"))
    pile = piled(letter)
    pile.mark(letter.name, "dismissed")
    assert (pile.state(letter), shown(letter, pile)["state"]) == ("dismissed", "dismissed")
    pile.mark(letter.name)
    assert pile.state(letter) == "replayed"


def test_who_knows_no_dismissal_takes_its_mark_for_one_of_a_replay() -> None:
    mark = dlq.mark(f"{INBOX}/3/41", 0, dismissed=True)
    assert mark.headers == [
        (dlq.TOPIC, INBOX.encode()),
        (dlq.PARTITION, b"3"),
        (dlq.OFFSET, b"41"),
        (dlq.DISMISSED, b"true"),
        (dlq.REPLAYED, b"1970-01-01T00:00:00Z"),  # the last, by which a mark is known
    ]
    assert (dlq.marked(mark.headers), dlq.dismissed(mark.headers)) == (f"{INBOX}/3/41", True)
    assert not dlq.dismissed(dlq.mark(f"{INBOX}/3/41", 0).headers)


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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (dlq.TOPIC, b"\xff"),
        (dlq.PARTITION, b"x"),
        (dlq.OFFSET, b""),
        (dlq.REASON, b'{"pointer":"","value":"\xff","limit":"","remedy":""}'),
        (dlq.REASON, b"{}"),
        (dlq.AT, b"yesterday"),
        ("x", b"y"),
    ],
)
def test_what_is_no_letter_is_refused(name: str, value: bytes) -> None:
    entry = dlq.letter(Record(b"", b""), WHY, 0)
    headers = [each for each in entry.headers if each[0] not in (name, dlq.EMPTY_KEY)]
    with pytest.raises(Rejected):
        dlq.read(b"", b"", [*headers, (name, value)])


def read(record: Record, at: int = 0) -> dlq.Letter:
    entry = dlq.letter(record, WHY, at)
    return dlq.read(entry.key, entry.value, entry.headers)


def piled(*letters: dlq.Letter) -> Pile:
    pile = Pile()
    for each in letters:
        pile.add(each)
    return pile


def marked(letter: dlq.Letter) -> str:
    name = dlq.marked(dlq.mark(letter.name, 0).headers)
    assert name is not None
    return name


def replayed(letter: dlq.Letter, pile: Pile, offset: int, value: bytes | None = None) -> Record:
    """The record that a replay of `letter` puts on the inbox."""
    more = dlq.replay_headers(letter, pile.replays(letter))
    headers = [*dlq.as_sent(letter.headers), *more]
    return Record(letter.key, value or letter.value, headers, offset=offset)


async def test_without_a_topic_of_dead_letters_it_is_said_how_to_make_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(letters, "partitions_of", lambda _: {"crosstie.events.v1": 12})
    with pytest.raises(
        Misconfigured, match=r"crosstie\.dlq\.v1 does not exist; run `crosstie topics"
    ):
        await letters.letters(Brokers("127.0.0.1:1"), Topics())
