"""Records that none of us wrote stop nobody who reads our own topics."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crosstie.client.outcome import Suggestions
from crosstie.matching import record
from crosstie.network.state import Member, Tie, key_of, member_key
from crosstie.network.wire import MARK_KEY, Mark, encode
from services.matching.assembly import Assembly
from tests.unit.test_rounds_record import history, round_of

ANN = member_key("ANN")
MARK = MARK_KEY.encode()
JUNK = b"\xff\x00 no JSON"
NO_TEXT = b'{"subject":"\xff"}'  # JSON but for one string, which is no UTF-8
DEEP = b'{"x":' + b"[" * 100_000


def test_junk_in_network_v1_is_passed_over_and_its_neighbours_count() -> None:
    network = Assembly(1)
    passed = network.take(
        0,
        [
            (JUNK, JUNK),
            (None, JUNK),
            (b"member/\xff", JUNK),
            (b"group/X", b"{}"),
            (ANN.encode(), encode(Member("ANN"))),
            (MARK, JUNK),
            (MARK, encode(Mark(7, 5))),
        ],
    )
    assert passed == 5
    assert network.rows == {ANN: Member("ANN")}
    assert network.offsets == (7,)


@pytest.mark.parametrize(
    "key", ["tie/ANN", "member/ANN/BOB", "tie/ANN/BOB/x", "tie/BOB/ANN", "tie/ANN/ANN", "member/"]
)
def test_a_tombstone_that_names_no_row_removes_none(key: str) -> None:
    rows: list[Member | Tie] = [Member("ANN"), Member("BOB"), Tie("ANN", "BOB")]
    network = Assembly(1)
    told = [(key_of(each).encode(), encode(each)) for each in rows]
    network.take(0, [*told, (MARK, encode(Mark(3, 1)))])
    assert network.take(0, [(key.encode(), None), (MARK, encode(Mark(4, 2)))]) == 1
    assert network.rows == {key_of(each): each for each in rows}


def test_junk_under_the_key_of_a_row_leaves_the_row_as_it_was() -> None:
    network = Assembly(1)
    network.take(0, [(ANN.encode(), encode(Member("ANN"))), (MARK, encode(Mark(1, 1)))])
    assert network.take(0, [(ANN.encode(), JUNK), (MARK, encode(Mark(2, 2)))]) == 1
    assert network.rows == {ANN: Member("ANN")}
    assert network.offsets == (2,)


@pytest.mark.parametrize("at_once", [True, False], ids=["after a restart", "as they come"])
@pytest.mark.parametrize(
    "junk",
    [JUNK, NO_TEXT, DEEP, encode(Member("BOB"))],
    ids=["no JSON", "no text", "deep", "another's row"],
)
def test_junk_between_a_row_and_its_mark_hides_nothing(at_once: bool, junk: bytes) -> None:
    key = ANN.encode()
    told = [
        (key, encode(Member("ANN"))),
        (key, junk),
        (MARK, encode(Mark(1, 1))),
        (key, junk),
        (MARK, encode(Mark(2, 2))),
    ]
    network = Assembly(1)
    passed = sum(network.take(0, each) for each in ([told] if at_once else [[one] for one in told]))
    assert passed == 2
    assert network.rows == {ANN: Member("ANN")}


@pytest.mark.parametrize("junk", [JUNK, NO_TEXT, DEEP], ids=["no JSON", "no text", "deep"])
def test_a_junk_mark_makes_no_row_count(junk: bytes) -> None:
    network = Assembly(1)
    assert network.take(0, [(ANN.encode(), encode(Member("ANN"))), (MARK, junk)]) == 1
    assert network.rows == {}
    assert network.take(0, [(MARK, encode(Mark(1, 1)))]) == 0
    assert network.rows == {ANN: Member("ANN")}


@pytest.mark.parametrize(
    "stray",
    [
        record.Record(JUNK, JUNK),
        record.Record(b"", b""),
        record.Record(b"2", JUNK),
        record.Record(b"2", b'{"policy":"\xff"}'),
        record.Record(b"2", DEEP),
        record.Record(b"0", b"{}"),
        record.Record(b"2/1", JUNK),
        record.Record(b"2/1", JUNK, (("part", b"1/x"),)),
        record.Record(b"2/3", JUNK, (("part", b"3/2"),)),
        record.Record(b"2/1", JUNK, (("part", b"2/2"),)),
    ],
    ids=lambda each: repr(each)[:80],
)
def test_junk_in_rounds_v1_is_passed_over_between_rounds(stray: record.Record) -> None:
    rounds = history(3)
    records = [each for round in rounds for each in (stray, *record.split(round))]
    assert list(record.joined(records)) == rounds


def test_junk_between_the_parts_of_a_round_is_passed_over() -> None:
    whole = round_of(1, suggestions=6000)
    first, *rest = record.split(whole)
    assert list(record.joined([first, record.Record(JUNK, JUNK), *rest])) == [whole]


@dataclass(frozen=True)
class Raw:
    """A record as aiokafka hands it on."""

    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    topic: str = "crosstie.suggestions.v1.intranet"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0


class Consumer:
    """Hands on what it was given, once."""

    def __init__(self, *records: Raw) -> None:
        self._records = [*records]

    async def getmany(self, timeout_ms: int) -> dict[int, list[Raw]]:
        del timeout_ms
        given, self._records = self._records, []
        return {0: given}


SUGGESTION = Raw(
    b'{"suggestion":"s1","seq":1,"state":"withdrawn","kind":"introduction","round":1,'
    b'"cross_sector":true,"policy":"p","members":[]}',
    (("ce_time", b"2026-03-02T12:00:00Z"),),
)


async def test_junk_among_suggestions_hides_none() -> None:
    strays = [
        Raw(None),
        Raw(JUNK, (("ce_time", b"2026-03-02T12:00:00Z"),)),
        Raw(SUGGESTION.value),
        Raw(SUGGESTION.value, (("ce_time", JUNK),)),
        Raw(SUGGESTION.value, (("ce_time", None),)),
        Raw(SUGGESTION.value, (("ce_time", b"yesterday"),)),
    ]
    read = await Suggestions(Consumer(*strays, SUGGESTION)).read(wait_seconds=0)
    assert [each.change.suggestion for each in read] == ["s1"]
