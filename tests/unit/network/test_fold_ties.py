"""What a tie keeps: contacts, answers of each side, blocks, large gatherings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.state import (
    ANSWERS_KEPT,
    Fact,
    Reply,
)
from tests.unit.network.fold_world import ALMA, BORIS, about_tie, tie_after


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


@pytest.mark.parametrize("ids", [("1", "2"), ("2", "1")])
def test_of_a_block_and_its_end_of_one_moment_the_block_holds(ids: tuple[str, str]) -> None:
    blocking = f.Blocking((ALMA, BORIS), ALMA)
    block = about_tie(ids[0], "member.blocked", blocking)
    unblock = about_tie(ids[1], "member.unblocked", blocking)
    assert tie_after(block, unblock).blocked
    assert tie_after(unblock, block).blocked
