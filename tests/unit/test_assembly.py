"""The network out of `network.v1`: rows up to the newest mark, and who changed since the last round."""

from __future__ import annotations

import pytest

from crosstie.network.state import Fact, Member, Row, Tie, member_key, tie_key
from crosstie.network.wire import MARK_KEY, Mark, encode
from services.matching import assembly
from services.matching.assembly import Assembly, Cut, KeyValue, News

ANN, BOB, CYD = member_key("ANN"), member_key("BOB"), member_key("CYD")
ANN_BOB = tie_key("ANN", "BOB")


def member(subject: str, sector: str = "housing") -> Member:
    return Member(subject, {"sector": Fact(sector, 1, "p", "1")})


def row(key: str, value: Row | None) -> KeyValue:
    return key.encode(), None if value is None else encode(value)


def mark(end: int, latest: int = 0) -> KeyValue:
    return MARK_KEY.encode(), encode(Mark(end, latest))


def test_rows_count_once_a_mark_comes_after_them() -> None:
    network = Assembly(1)
    network.take(0, [row(ANN, member("ANN")), mark(5, 70), row(BOB, member("BOB"))])
    assert network.rows == {ANN: member("ANN")}
    assert (network.offsets, network.latest) == ((5,), 70)
    network.take(0, [row(BOB, None)])
    network.take(0, [mark(8, 90)])
    assert network.rows == {ANN: member("ANN")}
    assert (network.offsets, network.latest) == ((8,), 90)


def test_partitions_wait_for_marks_of_their_own() -> None:
    network = Assembly(3)
    network.take(0, [row(ANN, member("ANN"))])
    network.take(2, [row(BOB, member("BOB")), mark(4, 9)])
    assert network.rows == {BOB: member("BOB")}
    assert (network.offsets, network.latest) == ((0, 0, 4), 9)
    network.take(0, [mark(2, 7)])
    assert network.rows.keys() == {ANN, BOB}
    assert (network.offsets, network.latest) == ((2, 0, 4), 9)


def test_of_several_marks_the_newest_counts_and_of_a_row_what_stands_before_it_last() -> None:
    network = Assembly(1)
    records = [row(ANN, member("ANN", "old")), mark(1, 1), row(ANN, member("ANN", "new"))]
    network.take(0, [*records, row(BOB, member("BOB")), mark(3, 2), row(BOB, None)])
    assert network.rows == {ANN: member("ANN", "new"), BOB: member("BOB")}
    assert network.offsets == (3,)
    network.take(0, [mark(4, 2)])
    assert network.rows == {ANN: member("ANN", "new")}


def test_what_is_asked_about_people_is_their_rows_and_the_ties_between_them() -> None:
    network = Assembly(1)
    tie, other = Tie("ANN", "BOB"), Tie("BOB", "CYD")
    rows = [row(ANN, member("ANN")), row(BOB, member("BOB")), row(CYD, member("CYD"))]
    ties = [row(ANN_BOB, tie), row(tie_key("BOB", "CYD"), other)]
    network.take(0, [*rows, *ties, mark(5)])
    assert network.about(["BOB", "ANN", "GONE"]) == {
        ANN: member("ANN"),
        BOB: member("BOB"),
        ANN_BOB: tie,
    }


def known() -> Assembly:
    """A network of three, whose base line is drawn."""
    network = Assembly(2)
    network.take(0, [row(ANN, member("ANN")), row(BOB, member("BOB")), mark(2, 4)])
    network.take(1, [row(CYD, member("CYD")), mark(1, 3)])
    network.cut()
    network.draw_line()
    return network


def test_until_a_base_line_is_drawn_nobody_knows_who_changed() -> None:
    network = Assembly(1)
    assert network.touched
    assert network.cut() == Cut((0,), 0, None)
    assert not network.touched
    network.take(0, [row(ANN, member("ANN")), mark(1, 5)])
    assert network.touched
    assert network.cut() == Cut((1,), 5, None)
    assert network.cut() == Cut((1,), 5, None, touched=False)


def test_a_cut_says_who_changed_since_the_base_line_however_often_it_is_made() -> None:
    network = known()
    assert network.cut() == Cut((2, 1), 4, frozenset(), touched=False)
    network.take(0, [row(ANN, member("ANN", "prison")), mark(3, 8)])
    assert network.cut() == Cut((3, 1), 8, frozenset(("ANN",)), keys=1)
    assert network.cut() == Cut((3, 1), 8, frozenset(("ANN",)), touched=False, keys=1)
    network.take(1, [row(CYD, None), mark(2, 3)])
    cut = network.cut()
    assert cut.keys == 2
    assert cut.changed is not None
    assert "ANN" in cut.changed
    network.draw_line()
    assert network.cut() == Cut((3, 2), 8, frozenset(), touched=False)


def test_what_is_again_as_it_was_at_the_base_line_has_not_changed() -> None:
    network = known()
    network.take(0, [row(ANN, member("ANN", "prison")), mark(3)])
    network.cut()
    network.take(0, [row(ANN, member("ANN")), mark(4)])
    assert network.cut() == Cut((4, 1), 3, frozenset())


def test_what_changed_and_changed_back_between_two_cuts_may_differ_and_does_not() -> None:
    network = known()
    network.take(0, [row(ANN, member("ANN", "prison")), mark(3)])
    network.take(0, [row(ANN, member("ANN")), mark(4)])
    assert network.touched
    assert network.cut() == Cut((4, 1), 3, frozenset())


def test_a_mark_without_rows_touches_nobody() -> None:
    network = known()
    network.take(0, [mark(7, 9)])
    assert not network.touched
    assert network.cut() == Cut((7, 1), 9, frozenset(), touched=False)


def test_without_a_base_line_the_next_cut_cannot_tell_who_changed() -> None:
    network = known()
    network.untrack()
    assert network.touched
    assert network.cut() == Cut((2, 1), 4, None)


def test_where_too_much_changed_everyone_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "_MOST_TRACKED", 2)
    network = known()
    two = [row(ANN, member("ANN", "x")), row(BOB, member("BOB", "x"))]
    network.take(0, [*two, mark(4)])
    assert network.cut().changed == frozenset(("ANN", "BOB"))
    network.take(1, [row(CYD, member("CYD", "x")), mark(2)])
    assert network.cut() == Cut((4, 2), 0, None)
    assert network.cut() == Cut((4, 2), 0, None, touched=False)
    network.draw_line()
    assert network.cut().changed == frozenset()


def test_a_tombstone_of_a_tie_removes_it() -> None:
    network = known()
    network.take(0, [row(ANN_BOB, Tie("ANN", "BOB")), mark(3)])
    assert ANN_BOB in network.rows
    assert network.take(0, [row(ANN_BOB, None), mark(4)]) == 0
    assert ANN_BOB not in network.rows


def test_rows_lie_above_those_packed_until_they_are_more_than_an_eighth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assembly, "_MOST_LATE", 2)
    network, everyone = Assembly(1), [member(f"P{n:02}") for n in range(30)]

    def late_after(*more: Member) -> int:
        network.take(0, [*(row(member_key(each.subject), each) for each in more), mark(1)])
        return len(network.news().late)

    assert late_after(*everyone[:2]) == 2
    assert late_after(*everyone[2:24]) == 0
    assert late_after(*everyone[24:27]) == 3
    assert late_after(everyone[27]) == 0
    assert network.rows.keys() == {member_key(each.subject) for each in everyone[:28]}


def test_what_was_packed_lies_above_no_more_but_what_came_meanwhile_does() -> None:
    network = known()
    asked = network.news()
    network.take(0, [row(ANN, member("ANN", "x")), mark(3)])
    network.keep(asked, asked.rows())
    assert network.news().late == {ANN: member("ANN", "x")}
    assert network.rows.keys() == {ANN, BOB, CYD}


def told(news: News) -> tuple[dict[str, Row], frozenset[str] | None]:
    return dict(news.rows()), news.keys


def test_news_are_what_changed_since_they_were_asked_last() -> None:
    network = known()
    three = {ANN: member("ANN"), BOB: member("BOB"), CYD: member("CYD")}
    assert told(network.news()) == (three, None)
    assert network.news().keys == frozenset()
    network.take(0, [row(ANN, member("ANN", "x")), row(BOB, None), mark(3)])
    now = {ANN: member("ANN", "x"), CYD: member("CYD")}
    assert told(network.news()) == (now, frozenset((ANN, BOB)))
    assert network.news().keys == frozenset()
    network.tell_all()
    assert told(network.news()) == (now, None)


def test_news_that_were_told_stay_as_they_were() -> None:
    network = known()
    asked = network.news()
    network.take(0, [row(ANN, None), mark(3)])
    assert asked.rows()[ANN] == member("ANN")


def test_who_changed_since_any_round_that_is_remembered_can_be_asked() -> None:
    network = known()
    before = network.offsets
    network.take(0, [row(ANN, member("ANN", "x")), mark(3)])
    assert network.touched_since(before) == frozenset((ANN,))
    network.take(0, [mark(9)])
    assert network.touched_since(network.offsets) == frozenset()
    assert network.touched_since((0, 0)) is None


def test_junk_changes_nothing_and_is_counted_wherever_it_stands() -> None:
    network = known()
    junk = b"\xff\x00"
    records: list[KeyValue] = [
        (MARK_KEY.encode(), None),
        (MARK_KEY.encode(), junk),
        (b"group/X", junk),
        (None, junk),
        (ANN.encode(), junk),
        row(BOB, member("BOB", "x")),
        (b"member/\xc3\xa9", junk),
        mark(3),
    ]
    assert network.take(0, records) == 6
    assert network.rows == {ANN: member("ANN"), BOB: member("BOB", "x"), CYD: member("CYD")}
    assert network.cut().changed == frozenset(("BOB",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "seven"),
        ("level", 8),
        ("joined", None),
        ("consent", "yes"),
        ("paused", 1),
        ("sector", ["housing"]),
        ("reports_to", {}),
        ("interests", "beds"),
        ("availability", [1, 0]),
        ("availability", [10**30, 0, 0, [], []]),
        ("need/n", 7),
        ("offer/o", [None]),
    ],
)
def test_a_row_that_no_fold_writes_is_passed_over(name: str, value: object) -> None:
    network = known()
    strange = Member("BOB", {name: Fact(value, 1, "p", "1")})
    assert network.take(0, [row(BOB, strange), mark(3)]) == 1
    assert network.rows[BOB] == member("BOB")


def test_a_tie_that_no_column_holds_is_passed_over() -> None:
    network = known()
    tie = encode(Tie("ANN", "BOB", first=10, started_by_a=5, contacts={"met": 5}))
    for good, bad in ((b":10", b":%d" % 2**63), (b":5", b":-5"), (b'"met":5', b'"met":1e99')):
        strange = (ANN_BOB.encode(), tie.replace(good, bad, 1))
        assert network.take(0, [strange, mark(3)]) == 1
    assert network.take(0, [(ANN_BOB.encode(), tie), mark(4)]) == 0


def test_facts_and_words_of_a_later_version_pass() -> None:
    network = known()
    later = Member(
        "BOB", {"hours": Fact({"per": "week"}, 1, "p", "1"), "level": Fact(None, 1, "p", "1")}
    )
    assert network.take(0, [row(BOB, later), mark(3)]) == 0
    assert network.rows[BOB] == later
