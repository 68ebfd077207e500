"""What a ledger remembers to the microsecond, what it forgets, and what it hands on to the next."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from crosstie.matching.ledger import (
    EMPTY,
    MADE_KEPT_US,
    PAIRS_KEPT_US,
    SAID_KEPT,
    SAID_KEPT_US,
    SETTLED_KEPT_US,
    WEEK_US,
    Ledger,
    Said,
    Settled,
    apply,
    apply_round,
    pair_of,
)
from crosstie.matching.ledger_bytes import encode, read, stored
from crosstie.matching.model import Change, Kind, Round, Suggestion
from crosstie.network.strength import DAY_US

NOW = 1_000 * DAY_US


def suggestion(
    id: str = "s", *members: str, kind: Kind = "introduction", **more: Any
) -> Suggestion:
    one, other = members or ("ANN", "BOB")
    return Suggestion(id, kind, (one, other), ("across", "across"), False, 1, NOW, NOW + 9, **more)


def made(*ids: str) -> tuple[Change, ...]:
    """Introductions, each of two people of its own."""
    return tuple(Change(suggestion(each, f"A{each}", f"B{each}"), "made") for each in ids)


def ended(id: str, *members: str, **more: Any) -> Change:
    return Change(suggestion(id, *members, state="withdrawn", **more), "withdrawn:policy")


def test_what_was_made_is_counted_after_a_moment_and_not_at_it() -> None:
    ledger = Ledger(made={"ANN": (5, 7)}, mentorings={"ANN": (6, 8, 9)})
    assert [ledger.made_since("ANN", each) for each in (4, 5, 6, 7)] == [2, 1, 1, 0]
    assert [ledger.mentorings_since("ANN", each) for each in (5, 6, 8, 9)] == [3, 2, 1, 0]
    assert ledger.made_since("BOB", 0) == ledger.mentorings_since("BOB", 0) == 0


def test_introductions_and_mentorings_are_counted_each_for_itself_on_both_sides() -> None:
    reconnection = Change(suggestion("r", "CID", "ANN", kind="reconnection"), "made")
    mentoring = Change(suggestion("m", "DAN", "ANN", kind="mentoring"), "made")
    opened = Change(suggestion("o", "ANN", "EVE"), "accepted")
    ledger = EMPTY.after((Change(suggestion(), "made"), mentoring, reconnection, opened), NOW)
    assert dict(ledger.made) == {"BOB": (NOW,), "CID": (NOW,), "ANN": (NOW, NOW)}
    assert dict(ledger.mentorings) == {"DAN": (NOW,), "ANN": (NOW,)}
    assert ledger.live.keys() == {"s", "m", "r", "o"}
    assert ledger.live_pairs == {("ANN", each) for each in ("BOB", "CID", "DAN", "EVE")}


@pytest.mark.parametrize(("kind", "kept"), [("introduction", MADE_KEPT_US), ("mentoring", WEEK_US)])
def test_what_was_made_before_its_time_is_dropped_when_more_is_made(kind: Kind, kept: int) -> None:
    later = NOW + 5
    first = EMPTY.after([Change(suggestion(kind=kind), "made")], NOW)
    second = first.after([Change(suggestion("t", kind=kind), "made")], later)

    def told(ledger: Ledger) -> Any:
        return (ledger.mentorings if kind == "mentoring" else ledger.made)["ANN"]

    third = [Change(suggestion("u", kind=kind), "made")]
    assert told(second.after(third, NOW + kept - 1)) == (NOW, later, NOW + kept - 1)
    assert told(second.after(third, NOW + kept)) == (later, NOW + kept)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("settled", SETTLED_KEPT_US),
        ("pairs", PAIRS_KEPT_US),
        ("made", MADE_KEPT_US),
        ("mentorings", WEEK_US),
        ("answered", SAID_KEPT_US),
        ("judged", SAID_KEPT_US),
    ],
)
def test_each_memory_lasts_to_the_microsecond(name: str, kept: int) -> None:
    declined = suggestion("d", "CID", "DAN", state="declined", declined_by=("CID",))
    course = [
        Change(suggestion(), "made"),
        Change(suggestion("m", "DAN", "EVE", kind="mentoring"), "made"),
        Change(declined, "declined"),
    ]
    ledger = EMPTY.after(course, NOW)
    assert getattr(ledger, name)
    assert getattr(ledger.after((), NOW + kept - 1), name) is getattr(ledger, name)
    assert not getattr(ledger.after((), NOW + kept), name)


def test_only_what_is_past_its_time_is_forgotten() -> None:
    ledger = EMPTY.after([ended("1", "A", "B")], NOW).after([ended("2", "C", "D")], NOW + 9)
    later = ledger.after((), NOW + SETTLED_KEPT_US)
    assert later.settled.keys() == {"2"}
    assert ledger.after((), NOW + PAIRS_KEPT_US).pairs.keys() == {("C", "D")}


def test_an_end_is_remembered_with_who_had_accepted() -> None:
    gone = ended("s", accepted_by=("BOB",))
    ledger = EMPTY.after([Change(suggestion(), "made")], NOW).after([gone], NOW + 1)
    assert not ledger.live
    assert dict(ledger.settled) == {"s": Settled(NOW + 1, "withdrawn", ("BOB",), ("ANN", "BOB"))}
    assert dict(ledger.pairs) == {("ANN", "BOB"): NOW + 1}


def test_pairs_are_in_order_of_their_last_change_and_the_latest_are_of_the_last_round() -> None:
    one = Change(suggestion("1", "B", "A"), "made")
    two = Change(suggestion("2", "C", "D"), "made")
    ledger = EMPTY.after([one, two, one], NOW)
    assert [*ledger.pairs] == [("C", "D"), ("A", "B")]
    later = ledger.after([two], NOW + 1)
    assert [*later.pairs.items()] == [(("A", "B"), NOW), (("C", "D"), NOW + 1)]
    assert later.latest == {("C", "D")}
    assert ledger.latest == {("A", "B"), ("C", "D")}
    assert pair_of(suggestion("1", "B", "A")) == pair_of(suggestion("1", "A", "B")) == ("A", "B")


def test_who_met_is_known_for_good_and_since_the_first_time() -> None:
    both = ("ANN", "BOB")
    begun = suggestion("m", "CID", "DAN", kind="mentoring", accepted_by=("CID", "DAN"))
    half = suggestion("h", "CID", "EVE", kind="mentoring", accepted_by=("CID",))
    agreed = suggestion("a", "DAN", "EVE", state="accepted", accepted_by=("DAN", "EVE"))
    met = Change(suggestion(state="met", accepted_by=both), "met")
    others = [Change(each, "accepted") for each in (begun, half, agreed)]
    ledger = EMPTY.after([met, *others], NOW)
    assert dict(ledger.met) == {both: NOW, ("CID", "DAN"): NOW}
    assert dict(ledger.after([met], NOW + 2 * PAIRS_KEPT_US).met) == dict(ledger.met)
    assert {who: sorted(others) for who, others in ledger.acquainted.items()} == {
        "ANN": ["BOB"],
        "BOB": ["ANN"],
        "CID": ["DAN"],
        "DAN": ["CID"],
    }


def test_only_the_latest_answers_are_remembered_by_whom_and_about_whom() -> None:
    ledger = EMPTY
    for n in range(SAID_KEPT + 2):
        declined = suggestion(f"{n}", "ANN", f"B{n}", state="declined", declined_by=("ANN",))
        ledger = ledger.after([Change(declined, "declined")], NOW + n)
    told = ledger.answered["ANN"]
    assert told == tuple(Said(NOW + n, f"B{n}", False) for n in range(2, SAID_KEPT + 2))
    assert ledger.judged["B7"] == (Said(NOW + 7, "ANN", False),)
    assert "ANN" not in ledger.judged
    assert ledger.answered.keys() == {"ANN"}


def test_several_answers_of_one_round_are_all_remembered() -> None:
    expired = suggestion("x", "ANN", "BOB", state="expired")
    accepted = suggestion("y", "ANN", "CID", accepted_by=("ANN",))
    before = EMPTY.after(
        [Change(suggestion("w", "ANN", "DAN", accepted_by=("ANN",)), "accepted")], 7
    )
    soon = before.after([Change(expired, "expired"), Change(accepted, "accepted")], 9)
    assert [(each.at, each.whom) for each in soon.answered["ANN"]] == [
        (7, "DAN"),
        (9, "BOB"),
        (9, "CID"),
    ]
    assert [*soon.answered] == ["BOB", "ANN"]
    assert soon.judged["ANN"] == (Said(9, "BOB", False),)


DERIVED = {"holdings", "tallies", "acquainted"}


def full() -> Ledger:
    """Sixteen that are live, and all that is derived of them."""
    ledger = EMPTY.after(made(*(f"{n}" for n in range(16))), NOW)
    ledger.derive()
    return ledger


def test_what_is_derived_is_handed_on_where_little_changed() -> None:
    assert full().__dict__.keys() >= DERIVED
    assert full().after(made("x", "y"), NOW + 1).__dict__.keys() >= DERIVED
    assert not full().after(made("x", "y", "z"), NOW + 1).__dict__.keys() & DERIVED
    assert not EMPTY.after(made("x"), NOW).__dict__.keys() & DERIVED


def test_what_was_not_asked_for_is_not_derived_for_the_next() -> None:
    ledger = EMPTY.after(made(*(f"{n}" for n in range(16))), NOW)
    assert not ledger.after(made("x"), NOW + 1).__dict__.keys() & DERIVED
    assert ledger.holdings.by_member.keys() == {f"{side}{n}" for side in "AB" for n in range(16)}
    assert ledger.after(made("x"), NOW + 1).__dict__.keys() & DERIVED == {"holdings"}
    assert ledger.after((), NOW + 1).holdings is ledger.holdings


def test_what_is_handed_on_is_what_would_be_derived_anew() -> None:
    met = suggestion("3", "A3", "B3", state="met")
    mentoring = suggestion("m", "A1", "B2", kind="mentoring")
    ledger = full().after([Change(met, "met"), Change(mentoring, "made")], NOW + WEEK_US + 1)
    assert ledger.__dict__.keys() >= DERIVED
    anew = read(stored(ledger))
    assert {**ledger.by_member} == {**anew.by_member}
    assert "A3" not in ledger.by_member
    assert {who: sorted(whom) for who, whom in ledger.acquainted.items()} == {
        "A3": ["B3"],
        "B3": ["A3"],
    }
    assert ledger.live_pairs == anew.live_pairs


@pytest.mark.parametrize("ledger", [EMPTY, full()], ids=["empty", "full"])
def test_a_round_without_news_leaves_what_is_kept_as_it_is(ledger: Ledger) -> None:
    after = ledger.after((), NOW + 1)
    assert after.at == NOW + 1
    for each in ("live", "settled", "pairs", "made", "mentorings", "met", "answered", "judged"):
        assert getattr(after, each) is getattr(ledger, each)


def test_one_change_and_a_recorded_round_are_folded_alike() -> None:
    (change,) = made("x")
    recorded = Round(
        n=1, at=NOW, full=True, seed=0, offsets=(), policy="", base="", code="",
        fingerprint="", previous="", digest="", changes=(change,),
    )  # fmt: skip
    expected = EMPTY.after((change,), NOW)
    assert apply(EMPTY, change, NOW) == apply_round(EMPTY, recorded) == expected
    assert expected.at == NOW


def everything(*, turned: bool) -> Ledger:
    """Two things in each map, of which the second comes first in time, or by name at equal times."""

    def put(later: tuple[Any, Any], sooner: tuple[Any, Any]) -> dict[Any, Any]:
        return dict((sooner, later) if turned else (later, sooner))

    return Ledger(
        9,
        put(("b", suggestion("b")), ("a", suggestion("a"))),
        put(("x", Settled(2, "met", (), ("A", "B"))), ("y", Settled(1, "met", (), ("A", "B")))),
        put((("A", "B"), 4), (("C", "D"), 3)),
        put(("A", (1, 4)), ("B", (2, 3))),
        put(("A", (1, 5)), ("B", (4,))),
        put((("C", "D"), 1), (("A", "B"), 2)),
        put(("A", (Said(1, "X", True), Said(4, "X", True))), ("B", (Said(3, "X", True),))),
        put(("A", (Said(1, "Y", True), Said(5, "Y", False))), ("B", (Said(4, "Y", False),))),
    )


def test_equal_ledgers_are_equal_bytes_in_order_of_time_then_of_name() -> None:
    assert encode(everything(turned=True)) == encode(everything(turned=False))
    at, live, settled, *maps = json.loads(encode(everything(turned=False)))
    assert (at, [each["id"] for each in live]) == (9, ["a", "b"])
    assert [each[0] for each in settled] == ["y", "x"]
    assert [[each[0] for each in of] for of in maps] == [
        [["C", "D"], ["A", "B"]],
        ["B", "A"],
        ["B", "A"],
        [["A", "B"], ["C", "D"]],
        ["B", "A"],
        ["B", "A"],
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("settled", {n: Settled(5, "met", (), ("A", "B")) for n in "ba"}), ("made", {"B": (5,), "A": (5,)})]
    + [(each, {n: (Said(5, "X", True),) for n in "BA"}) for each in ("answered", "judged")]
    + [("pairs", {("C", "D"): 5, ("A", "B"): 5}), ("mentorings", {"B": (5,), "A": (5,)})],
)  # fmt: skip
def test_at_equal_times_the_name_decides(field: str, value: dict[Any, Any]) -> None:
    one = structs.replace(EMPTY, **{field: value})
    other = structs.replace(EMPTY, **{field: dict(reversed(value.items()))})
    assert encode(one) == encode(other)
    assert encode(one) != encode(EMPTY)


def test_a_ledger_is_stored_in_the_order_of_its_maps() -> None:
    ledger = everything(turned=False)
    again = read(stored(ledger))
    assert again == ledger
    assert [*again.pairs] == [*ledger.pairs]
    assert again.at == 9


def test_scores_of_a_suggestion_are_the_same_bytes_in_any_order() -> None:
    one, other = {"bridging": 1, "affinity": 2}, {"affinity": 2, "bridging": 1}
    ledgers = [Ledger(live={"s": suggestion(scores=each)}) for each in (one, other)]
    assert encode(ledgers[0]) == encode(ledgers[1])
