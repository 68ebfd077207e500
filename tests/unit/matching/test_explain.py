from __future__ import annotations

from pathlib import Path

import pytest

from crosstie.matching.explain import can_give, explain, listed
from crosstie.matching.model import Suggestion
from crosstie.network.strength import DAY_US
from tests.unit.matching.towns import START, Town, fact, locality, member, rows, tie

ROOT = Path(__file__).parents[3]
NEED, OFFER, SECRET = (
    "Help with winter discharge",
    "Discharge planning in winter",
    "A private matter",
)


def helping() -> Town:
    nurse = member("A", role="nurse", sector="health", level=3, needs={"n": NEED, "s": SECRET})
    clerk = member(
        "B", role="clerk", sector="housing", level=5, offers={"o": OFFER}, needs={"t": SECRET}
    )
    known = [member(each, weekly=0) for each in ("Cleo", "Dan", "Eve", "Fay")]
    ties = [tie(each, one.subject) for each in "AB" for one in known]
    return Town(rows(nurse, clerk, *known, *ties)).round()


def said(town: Town, suggestion: Suggestion, side: int) -> str:
    return "\n".join(explain(suggestion, town.network, side, lambda subject: subject))


def test_whoever_needs_help_reads_what_is_offered_and_what_it_answers() -> None:
    town = helping()
    words = said(town, town.made[0], 0)
    assert "Meet B, who works in housing." in words
    assert f"They offer “{OFFER}”, which may answer “{NEED}”." in words
    assert "They are 2 levels more senior than you." in words
    assert "You work as nurse in health; they work as clerk in housing" in words


def test_whoever_offers_help_reads_the_need_that_it_meets() -> None:
    town = helping()
    assert f"They look for help with “{NEED}”, and you offer “{OFFER}”." in said(
        town, town.made[0], 1
    )


def test_no_other_need_is_told_to_anyone() -> None:
    town = helping()
    (suggestion,) = town.made
    told = [said(town, suggestion, 0), said(town, suggestion, 1)]
    gives = [*can_give(suggestion, town.network, 0), *can_give(suggestion, town.network, 1)]
    assert SECRET not in "".join(told + gives)
    assert NEED not in "".join(gives)


def test_the_example_that_people_read_is_what_they_are_told() -> None:
    need, offer = "discharges that wait for a home", "a home in time for discharges from hospital"
    you = member("A", role="ward manager", sector="health", level=3, needs={"n": need})
    them = member("B", role="head of allocations", sector="housing", level=5, offers={"o": offer})
    names = {"B": "Kofi Mensah", "C": "Ines Duarte", "D": "Lea Brandt", "E": "Sam Okafor"}
    known = [member(each, weekly=0) for each in "CDEF"]
    ties = [tie(each, one.subject) for each in "AB" for one in known]
    town = Town(rows(you, them, *known, *ties)).round()
    told = " ".join(explain(town.made[0], town.network, 0, names.__getitem__))
    page = (ROOT / "docs/people.md").read_text()
    quoted = " ".join(each[2:] for each in page.splitlines() if each.startswith("> "))
    assert quoted == told


def test_both_read_whom_they_know() -> None:
    town = helping()
    assert "You both know Cleo, Dan, Eve and 1 more." in said(town, town.made[0], 0)


def test_each_side_gives_something() -> None:
    town = helping()
    (suggestion,) = town.made
    assert can_give(suggestion, town.network, 0) == [
        "a view from closer to practice", "a view from health",
    ]  # fmt: skip
    assert can_give(suggestion, town.network, 1) == [
        f"“{OFFER}”", "experience of more senior work", "a view from housing",
    ]  # fmt: skip


def test_a_withdrawn_need_or_offer_is_told_no_longer() -> None:
    town = helping()
    (suggestion,) = town.made
    bare = town.with_rows(member("A"), member("B"))
    words = said(bare, suggestion, 0) + said(bare, suggestion, 1)
    assert NEED not in words
    assert OFFER not in words
    assert "They offer help, which may answer a need of yours." in words


def test_someone_who_is_gone_is_not_told_of() -> None:
    town = helping()
    (suggestion,) = town.made
    for gone in (town.without("B"), town.with_rows(member("B", consent=False, sector="housing"))):
        words = said(gone, suggestion, 0)
        assert words.startswith("Meet someone.")
        assert OFFER not in words
        assert "housing" not in words
        assert can_give(suggestion, gone.network, 1) == []


def test_a_mutual_contact_who_left_is_not_named() -> None:
    town = helping().without("Cleo")
    assert "Cleo" not in said(town, town.made[0], 0)


def test_lost_contacts_are_told_for_how_long() -> None:
    old = tie("A", "B", last=START - 150 * DAY_US)
    town = Town(rows(member("A"), member("B"), old)).round()
    assert "You have not been in touch for 5 months." in said(town, town.made[0], 0)


def test_both_sides_of_a_mentoring_read_who_mentors() -> None:
    senior, junior = (
        member("S", weekly=0, mentees=1, level=5),
        member("J", weekly=0, mentors=1, level=2),
    )
    town = Town(rows(senior, junior)).round()
    assert "You offered to mentor, and they would like a mentor." in said(town, town.made[0], 0)
    assert "You would like a mentor, and they offered to mentor." in said(town, town.made[0], 1)


def test_every_suggestion_of_a_locality_can_be_told_to_both_sides() -> None:
    town = Town(locality(80, 300)).round()
    for suggestion in town.made:
        for side in (0, 1):
            sentences = explain(suggestion, town.network, side, lambda subject: subject)
            assert len(sentences) >= 2
            assert all(each.endswith(".") for each in sentences)
            assert suggestion.members[side] not in " ".join(sentences)


@pytest.mark.parametrize(
    ("words", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_lists_read_as_prose(words: list[str], text: str) -> None:
    assert listed(words) == text


def test_a_need_is_not_told_to_whoever_shares_but_a_word_with_it() -> None:
    need = "Somebody to talk to about drinking, quietly, away from colleagues, near Leeds"
    offer = "Spanish conversation lessons for absolute beginners every Tuesday evening, Leeds"
    asking, offering = member("A", needs={"n": need}), member("B", offers={"o": offer})
    town = Town(rows(asking, offering)).round()
    (suggestion,) = town.made
    assert suggestion.gives == ((), ())
    assert need not in said(town, suggestion, 1)
    assert suggestion.scores == Town(rows(member("A"), asking, offering)).round().made[0].scores


def test_that_both_are_in_one_place_is_no_answer_to_a_need() -> None:
    asking = member("A", place="Leeds", needs={"n": "Debt advice, Leeds"})
    offering = member("B", place="Leeds", offers={"o": "Spanish lessons, Leeds"})
    (suggestion,) = Town(rows(asking, offering)).round().made
    assert [each.code for each in suggestion.gives[0] + suggestion.gives[1]] == []


def test_a_mutual_contact_who_paused_or_blocked_since_is_not_named() -> None:
    town = helping()
    for change in (
        member("Cleo", weekly=0, paused=True),
        tie("Cleo", "A", blocked_by_a=fact(value=True)),
        tie("Cleo", "B", blocked_by_b=fact(value=True)),
    ):
        later = town.with_rows(change)
        assert "Cleo" not in said(later, town.made[0], 0) + said(later, town.made[0], 1)


def test_what_two_share_is_found_whatever_its_case_and_shown_as_written() -> None:
    one = member("A", profession="nurse", place="LEEDS", sector="Health", interests=["choirs "])
    other = member("B", profession="Nurse", place="Leeds", sector="health", interests=["Choirs"])
    town = Town(rows(one, other)).round()
    (suggestion,) = town.made
    words = said(town, suggestion, 0)
    assert "You share a profession: nurse." in words
    assert "You both work in LEEDS." in words
    assert "You share an interest in Choirs." in words
    assert "You work" not in words
    assert not suggestion.cross_sector
    assert {each.code for each in suggestion.reasons} >= {
        "same-profession", "same-sector", "same-place",
    }  # fmt: skip
