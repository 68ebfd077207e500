"""The fold: what is true whatever the order, the batches and the erasures."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED, fold, fold_all
from crosstie.network.state import (
    ANSWERS_KEPT,
    ITEMS_KEPT,
    Fact,
    Member,
    Reply,
    Row,
    Tie,
    member_key,
    tie_key,
)
from tests.unit.network.logs import logs, logs_with_erasures

ALMA, BORIS = "ALMA", "BORIS"
CONTACT = "org.crosstie.contact.made.v1"


def folded(events: list[Event]) -> dict[str, Row | None]:
    return fold_all({}, events)


def said(id: str, time: int, **fields: object) -> Event:
    data = f.Described(ALMA, **fields)  # type: ignore[arg-type]
    return Event("p", id, "org.crosstie.member.described.v1", time, member_key(ALMA), data)


def about_tie(id: str, type: str, data: f.Data, time: int = 1) -> Event:
    return Event("p", id, f"org.crosstie.{type}.v1", time, tie_key(ALMA, BORIS), data)


def alma_after(*events: Event) -> Member:
    row = folded(list(events))[member_key(ALMA)]
    assert isinstance(row, Member)
    return row


def tie_after(*events: Event) -> Tie:
    row = folded(list(events))[tie_key(ALMA, BORIS)]
    assert isinstance(row, Tie)
    return row


@given(logs, st.randoms(use_true_random=False))
def test_a_shuffled_log_gives_the_same_facts_counts_and_strengths(
    log: list[Event], random: Random
) -> None:
    shuffled = list(log)
    random.shuffle(shuffled)
    one, other = folded(log), folded(shuffled)
    assert one.keys() == other.keys()
    for key, row in one.items():
        again = other[key]
        if isinstance(row, Tie):
            assert isinstance(again, Tie)
            assert again.strength.at == row.strength.at
            assert again.strength.value == pytest.approx(row.strength.value, rel=1e-9)
            again = structs.replace(again, strength=row.strength)
        assert again == row


@given(logs_with_erasures | logs, st.data())
def test_batch_boundaries_never_show(log: list[Event], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log)))
    first = fold_all({}, log[:cut])
    gone = {each.key for each in log[:cut] if each.type == ERASED}
    rest = [structs.replace(e, data=None) if e.key in gone else e for e in log[cut:]]
    second = fold_all(first, rest)
    assert _present(first | second) == _present(folded(log))


def _present(rows: dict[str, Row | None]) -> dict[str, Row]:
    return {key: row for key, row in rows.items() if row is not None}


@given(logs)
def test_an_event_changes_only_the_row_of_its_own_key(log: list[Event]) -> None:
    for key, row in folded(log).items():
        assert folded([each for each in log if each.key == key]) == {key: row}


def test_the_later_event_time_wins_whatever_its_arrival() -> None:
    new, old = said("1", 20, sector="housing"), said("2", 10, sector="prison", role="nurse")
    assert alma_after(new, old) == alma_after(old, new)
    assert alma_after(new, old).sector == "housing"
    assert alma_after(new, old).role == "nurse"


def test_a_field_left_out_stays_and_null_clears_it() -> None:
    alma = alma_after(said("1", 1, sector="housing", role="nurse"), said("2", 2, role=None))
    assert (alma.sector, alma.role) == ("housing", None)


def test_an_erased_member_is_gone_and_nothing_later_in_the_batch_brings_them_back() -> None:
    erased = Event("p", "2", ERASED, 2, member_key(ALMA), f.MemberFact(ALMA))
    before, after = said("1", 1, sector="housing"), said("3", 3, sector="prison")
    rows = {member_key(ALMA): alma_after(before)}
    assert fold_all(rows, [erased, after]) == {member_key(ALMA): None}
    assert _present(folded([before, erased, after])) == {}


def test_an_erasure_ends_nobody_else_s_part_of_the_batch() -> None:
    erased = Event("p", "1", ERASED, 1, member_key(ALMA), f.MemberFact(ALMA))
    met = about_tie("3", "contact.made", f.Contact((ALMA, BORIS), "met"))
    rows = folded([erased, said("2", 2, sector="prison"), met])
    assert rows.keys() == {tie_key(ALMA, BORIS)}


def test_who_is_described_by_nothing_is_known_and_by_something_has_these_facts_alone() -> None:
    assert fold(None, said("1", 1)) == Member(ALMA)
    assert alma_after(said("1", 1, sector="housing")).facts.keys() == {"sector"}


def test_a_redacted_event_changes_nothing() -> None:
    redacted = structs.replace(said("2", 2, sector="prison"), data=None)
    alma = alma_after(said("1", 1, sector="housing"))
    assert fold(alma, redacted) is alma
    assert fold(None, redacted) is None


def test_what_changes_nothing_is_no_change() -> None:
    late = said("0", 0, sector="prison")
    assert fold_all({member_key(ALMA): alma_after(said("1", 1, sector="housing"))}, [late]) == {}


def test_contacts_are_counted_by_channel_and_by_who_started() -> None:
    met = f.Contact((BORIS, ALMA), "met", started_by=BORIS)
    called = f.Contact((ALMA, BORIS), "called")
    tie = tie_after(about_tie("1", "contact.made", met, 5), about_tie("2", "contact.made", called))
    assert tie.contacts == {"called": 1, "met": 1}
    assert list(tie.contacts) == ["called", "met"]
    assert (tie.started_by_a, tie.started_by_b) == (0, 1)
    assert (tie.first, tie.last) == (1, 5)
    more = [about_tie(f"{n}", "contact.made", f.Contact((ALMA, BORIS), "met", ALMA)) for n in "34"]
    tie = tie_after(*more, about_tie("1", "contact.made", met))
    assert (tie.contacts, tie.started_by_a, tie.started_by_b) == ({"met": 3}, 2, 1)


def test_the_end_of_a_mentoring_is_kept_among_the_answers() -> None:
    ended = f.MentoringEnded((ALMA, BORIS), BORIS, "s1")
    (reply,) = tie_after(about_tie("1", "mentoring.ended", ended, 7)).replies
    assert reply == Reply(7, "p", "1", "s1", BORIS, "ended")


def test_a_block_is_that_of_the_side_that_said_so() -> None:
    by_alma = about_tie("1", "member.blocked", f.Blocking((ALMA, BORIS), ALMA), 1)
    by_boris = about_tie("2", "member.unblocked", f.Blocking((ALMA, BORIS), BORIS), 2)
    tie = tie_after(by_alma, by_boris)
    assert tie.blocked_by_a == Fact(True, 1, "p", "1")
    assert tie.blocked_by_b == Fact(False, 2, "p", "2")


def test_a_block_stands_until_its_side_takes_it_back() -> None:
    blocked = about_tie("1", "member.blocked", f.Blocking((ALMA, BORIS), ALMA), 1)
    other = about_tie("2", "member.unblocked", f.Blocking((ALMA, BORIS), BORIS), 2)
    back = about_tie("3", "member.unblocked", f.Blocking((ALMA, BORIS), ALMA), 3)
    assert tie_after(blocked, other).blocked
    assert not tie_after(back, blocked).blocked
    assert not tie_after(blocked).met


def answered(time: int, suggestion: str, answer: str = "accepted", by: str = ALMA) -> Event:
    data = f.Answered((ALMA, BORIS), by, suggestion, answer)
    return about_tie(f"{time}", "suggestion.answered", data, time)


def test_a_tie_keeps_the_latest_answers_of_each_side_only() -> None:
    answers = [answered(n, f"s{n}") for n in range(ANSWERS_KEPT + 5)]
    assert [each.time for each in tie_after(*answers).replies] == list(range(5, ANSWERS_KEPT + 5))


def test_however_much_one_side_answers_what_the_other_said_stays() -> None:
    declined = answered(0, "s", "declined", by=BORIS)
    later = [answered(n, f"s{n}") for n in range(1, 100)]
    assert tie_after(declined, *later).replies[0].answer == "declined"


def test_an_answer_given_again_is_one_answer() -> None:
    again = [answered(n, "s") for n in range(5)]
    assert [each.time for each in tie_after(*again, answered(9, "s", "met")).replies] == [4, 9]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), max_size=120), st.data())
def test_answers_kept_are_the_same_in_any_order(
    said: list[tuple[int, int]], data: st.DataObject
) -> None:
    sides = (ALMA, BORIS)
    log = [
        structs.replace(answered(time, f"s{s}", by=sides[n % 3 % 2]), id=f"{n}")
        for n, (time, s) in enumerate([*said, (99, 0)])
    ]
    shuffled = data.draw(st.permutations(log))
    assert tie_after(*shuffled).replies == tie_after(*log).replies


def gathered(id: str, time: int, people: int) -> Event:
    weight = 1 / (people - 1)
    data = f.Contact((ALMA, BORIS), "co-attended", weight=weight)
    return about_tie(id, "contact.made", data, time)


def test_a_large_gathering_is_a_contact_and_no_meeting() -> None:
    tie = tie_after(gathered("1", 5, 6))
    assert (tie.contact, tie.met) == (True, False)
    assert tie.strength.value == pytest.approx(0.2)


def test_a_gathering_of_five_is_a_meeting_and_a_later_large_one_is_none() -> None:
    small, large = gathered("1", 5, 5), gathered("2", 9, 200)
    assert tie_after(small, large) == tie_after(large, small)
    tie = tie_after(small, large)
    assert (tie.met, tie.last_met, tie.last) == (True, 5, 9)


def fact_about(id: str, type: str, data: f.Data, time: int = 1) -> Event:
    return Event("p", id, f"org.crosstie.{type}.v1", time, member_key(ALMA), data)


@pytest.mark.parametrize(
    ("freer", "safer", "name", "value"),
    [
        ("member.joined", "consent.withdrawn", "consent", False),
        ("member.joined", "member.left", "joined", False),
        ("member.resumed", "member.paused", "paused", True),
    ],
)
@pytest.mark.parametrize("ids", [("1", "2"), ("2", "1")])
def test_of_two_facts_of_one_moment_the_one_that_protects_holds(
    freer: str, safer: str, name: str, value: object, ids: tuple[str, str]
) -> None:
    joined = f.Joined(ALMA, consent=True)
    frees = fact_about(ids[0], freer, joined if "joined" in freer else f.MemberFact(ALMA))
    protects = fact_about(ids[1], safer, f.MemberFact(ALMA))
    assert alma_after(frees, protects).get(name) is value
    assert alma_after(protects, frees) == alma_after(frees, protects)
    later = structs.replace(frees, time=2)
    assert alma_after(protects, later).get(name) is not value


@pytest.mark.parametrize("ids", [("1", "2"), ("2", "1")])
def test_of_a_block_and_its_end_of_one_moment_the_block_holds(ids: tuple[str, str]) -> None:
    blocking = f.Blocking((ALMA, BORIS), ALMA)
    block = about_tie(ids[0], "member.blocked", blocking)
    unblock = about_tie(ids[1], "member.unblocked", blocking)
    assert tie_after(block, unblock).blocked
    assert tie_after(unblock, block).blocked


def available(id: str, time: int, weekly: int = 2) -> Event:
    return fact_about(id, "availability.set", f.Availability(ALMA, weekly), time)


def test_since_when_somebody_has_time_is_not_moved_by_saying_so_again() -> None:
    daily = [available(f"{n}", n) for n in range(5, 9)]
    alma = alma_after(*reversed(daily))
    assert alma == alma_after(*daily)
    assert (alma.facts["available"].time, alma.facts["availability"].time) == (5, 8)
    assert alma.get("available") is True


def test_when_somebody_last_had_no_time_is_known() -> None:
    alma = alma_after(available("1", 1), available("2", 2, weekly=0), available("3", 3))
    assert [alma.facts[each].time for each in ("available", "unavailable")] == [1, 2]


def posted(id: str, time: int, item: str, text: str = "a van", kind: str = "need") -> Event:
    return fact_about(id, f"{kind}.posted", f.Posted(ALMA, item, text), time)


def settled(id: str, time: int, item: str) -> Event:
    return fact_about(id, "need.resolved", f.Settled(ALMA, item), time)


def test_of_needs_and_of_offers_those_stated_last_are_kept_and_nothing_else_goes() -> None:
    many = [
        posted(f"{kind}{n}", n, f"i{n}", kind=kind)
        for n in range(ITEMS_KEPT + 5)
        for kind in ("need", "offer")
    ]
    alma = alma_after(said("0", 0, sector="housing"), *many)
    last = {f"i{n}" for n in range(5, ITEMS_KEPT + 5)}
    assert alma.needs.keys() == alma.offers.keys() == last
    assert alma.sector == "housing"


def test_what_is_over_does_not_come_back_though_it_was_dropped_meanwhile() -> None:
    others = [posted(f"{n}", 100 + n, f"i{n}") for n in range(ITEMS_KEPT)]
    late = posted("late", 1, "old")
    alma = alma_after(settled("over", 50, "old"), *others)
    assert "need/old" not in alma.facts
    assert fold(alma, late) is alma
    again = posted("again", 999, "old")
    assert "old" in alma_after(*others, again).needs


_items = st.integers(0, ITEMS_KEPT + 10).map(lambda n: f"i{n}")
_stated = st.lists(st.tuples(st.booleans(), st.integers(0, 30), _items), max_size=150)


@given(_stated, st.data())
def test_the_items_kept_are_the_same_in_any_order(
    stated: list[tuple[bool, int, str]], data: st.DataObject
) -> None:
    whole = [(True, 15, f"i{n}") for n in range(ITEMS_KEPT)]
    log = [
        posted(f"{n}", time, item, text=f"{n}") if post else settled(f"{n}", time, item)
        for n, (post, time, item) in enumerate([*whole, *stated])
    ]
    one, other = alma_after(*log), alma_after(*data.draw(st.permutations(log)))
    assert one == other
    assert list(one.facts) == list(other.facts)
    latest: dict[str, Event] = {}
    for each in sorted(log, key=_order):
        latest[each.data.item] = each
    greatest = sorted(latest.values(), key=_order)[-ITEMS_KEPT:]
    assert {fact.id for fact in one.facts.values()} == {each.id for each in greatest}


def _order(event: Event) -> tuple[int, bool, str]:
    return event.time, "resolved" in event.type, event.id
