from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.model import Change, Side, Suggestion
from crosstie.matching.settle import _moving
from crosstie.network.state import Reply, Tie
from crosstie.network.view import Network
from tests.unit.matching.towns import START, Town, fact, member, rows, tie

Answers = tuple[tuple[int, str], ...]


def pair_of_strangers(**more: Any) -> Town:
    return Town(rows(member("A", level=3), member("B", level=3, **more))).round()


def mentoring() -> Town:
    senior = member("S", weekly=0, mentees=1, level=5)
    return Town(rows(senior, member("J", weekly=0, mentors=1, level=2))).round()


def only(town: Town) -> Suggestion:
    (suggestion,) = town.made
    return suggestion


def course(town: Town, *answers: tuple[int, str], days: float = 1) -> list[tuple[str, str, int]]:
    """(cause, state, seq) of what the next round settles."""
    after = town.answered(only(town), *answers).round(days)
    return [
        (c.cause, c.suggestion.state, c.suggestion.seq) for c in after.changes if c.cause != "made"
    ]


def test_both_accepting_is_accepted_and_then_met_is_the_end() -> None:
    assert course(pair_of_strangers(), (0, "accepted"), (1, "accepted"), (1, "met")) == [
        ("accepted", "open", 2),
        ("accepted", "accepted", 3),
        ("met", "met", 4),
    ]


def test_answers_in_three_rounds_take_the_same_course_as_in_one() -> None:
    town = pair_of_strangers()
    suggestion, seen = only(town), list[tuple[str, str, int]]()
    for answer in ((0, "accepted"), (1, "accepted"), (0, "met")):
        town = town.answered(suggestion, answer, days=len(seen)).round(0.1)
        seen += [(c.cause, c.suggestion.state, c.suggestion.seq) for c in town.changes]
    assert seen == course(pair_of_strangers(), (0, "accepted"), (1, "accepted"), (0, "met"))


@pytest.mark.parametrize("answer", ["declined", "ignored"])
def test_one_side_that_does_not_want_ends_it(answer: str) -> None:
    assert course(pair_of_strangers(), (1, answer)) == [("declined", "declined", 2)]


def test_what_comes_after_a_decline_changes_nothing_and_is_counted() -> None:
    town = pair_of_strangers()
    after = town.answered(only(town), (0, "declined"), (1, "accepted")).round(1)
    assert after.causes == ["declined"]
    assert after.notes["ignored.after-the-end"] == 1
    assert after.round(1).notes["ignored.after-the-end"] == 1  # a census, not a flow
    assert not any(
        name.startswith("ignored") for name in after.round(1, serve=frozenset("A")).notes
    )


def test_useful_counts_as_met() -> None:
    assert course(pair_of_strangers(), (0, "useful")) == [("met", "met", 2)]


def test_useful_after_met_is_no_error() -> None:
    town = pair_of_strangers()
    after = town.answered(only(town), (0, "met"), (0, "useful")).round(1)
    assert not [name for name in after.notes if name.startswith("ignored")]


def test_answers_about_unknown_suggestions_and_from_strangers_are_counted() -> None:
    town = Town(rows(*(member(each, weekly=1) for each in "ABCD"))).round()
    one, other = town.made
    mixed = Suggestion(other.id, "introduction", one.members, ("across",) * 2, False, 1, 0, 0)
    unknown = Suggestion(
        "nobody-made-it", "introduction", one.members, ("across",) * 2, False, 1, 0, 0
    )
    after = town.answered(mixed, (0, "accepted")).answered(unknown, (0, "accepted")).round(1)
    assert after.causes == []
    assert after.notes["ignored.stranger"] == 1
    assert after.notes["ignored.unknown-suggestion"] == 1


def test_contact_after_a_suggestion_means_that_they_met() -> None:
    town = pair_of_strangers()
    after = town.with_rows(tie("A", "B", last=town.at + 1)).round(1)
    assert after.causes == ["met"]


def test_a_large_gathering_is_no_meeting() -> None:
    town = pair_of_strangers()
    conference = tie("A", "B", last=town.at + 1, large_gathering=True)
    assert town.with_rows(conference).round(1).causes == []


@pytest.mark.parametrize(("minutes", "causes"), [(5, ["declined"]), (6, [])])
def test_an_answer_dated_before_its_suggestion_counts_within_five_minutes(
    minutes: int, causes: list[str]
) -> None:
    town = pair_of_strangers()
    early = town.answered(only(town), (0, "declined"), days=-minutes / 24 / 60)
    assert early.round(1).causes == causes


def test_a_contact_at_the_moment_of_a_suggestion_was_before_it() -> None:
    town = pair_of_strangers()
    assert town.with_rows(tie("A", "B", last=town.at)).round(1).causes == []


def test_an_answer_at_the_last_moment_counts_and_one_after_it_does_not() -> None:
    town = pair_of_strangers()
    assert town.answered(only(town), (0, "met"), days=14).round(20).causes == ["met"]
    late = town.answered(only(town), (0, "met"), days=14 + 1e-6)
    assert late.round(20).causes == ["expired"]


def test_who_said_what_stands_in_the_suggestion() -> None:
    town = pair_of_strangers()
    one, other = only(town).members
    accepted = town.answered(only(town), (1, "accepted")).round(1)
    assert [each.suggestion.accepted_by for each in accepted.changes] == [(other,)]
    declined = accepted.answered(only(town), (0, "declined")).round(1)
    assert [each.suggestion.declined_by for each in declined.changes] == [(one,)]
    assert [each.suggestion.accepted_by for each in declined.changes] == [(other,)]


def test_an_unanswered_suggestion_expires() -> None:
    town = pair_of_strangers()
    assert town.round(14).causes == []
    assert town.round(14.01).causes == ["expired"]


def test_an_answer_given_in_time_counts_even_when_the_round_runs_late() -> None:
    town = pair_of_strangers()
    accepting = town.answered(only(town), (0, "accepted"), (1, "accepted"), days=13)
    assert accepting.round(20).causes == ["accepted", "accepted"]
    too_late = town.answered(only(town), (0, "accepted"), days=15)
    assert too_late.round(20).causes == ["expired"]


def test_accepted_and_never_met_ends_without_blame() -> None:
    town = pair_of_strangers()
    agreed = town.answered(only(town), (0, "accepted"), (1, "accepted")).round(1)
    assert agreed.round(60).causes == []
    assert agreed.round(61).causes == ["ended"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"paused": True}, "paused"),
        ({"joined": False}, "left"),
        ({"consent": False}, "left"),
        ({"reports_to": "A"}, "line-manager"),
    ],
)
def test_what_the_world_rules_out_is_withdrawn(change: dict[str, Any], why: str) -> None:
    town = pair_of_strangers()
    after = town.with_rows(member("B", level=3, **change)).round(1)
    assert after.causes == [f"withdrawn:{why}"]


def test_a_block_withdraws_even_what_both_accepted() -> None:
    town = pair_of_strangers()
    agreed = town.answered(only(town), (0, "accepted"), (1, "accepted")).round(1)
    blocked = tie("A", "B", contacts=0, blocked_by_b=fact(value=True))
    assert agreed.with_rows(blocked).round(1).causes == ["withdrawn:blocked"]


def told(town: Town) -> list[tuple[str, str, int]]:
    return [(c.cause, c.suggestion.state, c.suggestion.seq) for c in town.changes]


def test_every_end_is_a_state_and_the_next_in_number() -> None:
    town = pair_of_strangers()
    assert told(town.round(15)) == [("expired", "expired", 2)]
    paused = town.with_rows(member("A", level=3, paused=True)).round(1)
    assert told(paused) == [("withdrawn:paused", "withdrawn", 2)]
    met = town.with_rows(tie("A", "B", last=town.at + 1)).round(1)
    assert told(met) == [("met", "met", 2)]
    agreed = town.answered(only(town), (0, "accepted"), (1, "accepted")).round(1)
    assert told(agreed.round(61)) == [("ended", "ended", 4)]
    suggestion = only(town := mentoring())
    over = town.answered(suggestion, (1, "ended")).round(1)
    assert told(over)[0] == ("ended", "ended", 2)


def test_who_accepts_twice_has_accepted_once_and_an_introduction_is_not_ended_by_anybody() -> None:
    twice = course(pair_of_strangers(), (1, "accepted"), (1, "accepted"), (0, "ended"))
    assert twice == [("accepted", "open", 2)]


def test_a_mentoring_is_not_over_because_the_two_met() -> None:
    town = mentoring()
    assert town.with_rows(tie("J", "S", last=town.at + 1)).round(1).causes == []


def live(pairs: Iterable[tuple[str, str]]) -> Ledger:
    """A suggestion for each of these, good until `START`."""
    both: tuple[Side, Side] = ("across", "across")
    made = (
        Suggestion(f"{a}{b}", "introduction", (a, b), both, False, 1, 1, START) for a, b in pairs
    )
    return EMPTY.after([Change(each, "made") for each in made], 1)


def test_only_where_something_may_have_happened_anything_is_settled() -> None:
    people = [member(each) for each in "ABCDEFGH"]
    people += [member("P", paused=True), member("M", reports_to="A"), member("L", reports_to="Z")]
    reply = Reply(2, "s", "i", "AD", "A", "of another version")
    ties = [
        tie("A", "B", large_gathering=True),
        tie("A", "C", last=2),
        Tie("A", "D", replies=(reply,)),
        tie("A", "E", contacts=0, blocked_by_b=fact(value=True)),
    ]
    network = Network.of(rows(*people, *ties))
    quiet = [("A", "B"), ("F", "G"), ("F", "L")]
    moving = [("A", "C"), ("A", "D"), ("A", "E"), ("A", "P"), ("P", "F"), ("A", "M"), ("M", "A")]
    ledger = live([*quiet, *moving])

    def looked_at(at: int) -> list[tuple[str, str]]:
        return [each.members for each in _moving(network, ledger, at, None)]

    assert looked_at(START) == moving
    assert looked_at(START + 1) == [*quiet, *moving]


def test_an_erased_member_takes_their_suggestions_along() -> None:
    assert pair_of_strangers().without("B").round(1).causes == ["withdrawn:erased"]


def test_a_pause_leaves_alone_what_both_accepted() -> None:
    town = pair_of_strangers()
    agreed = town.answered(only(town), (0, "accepted"), (1, "accepted")).round(1)
    assert agreed.with_rows(member("B", level=3, paused=True)).round(1).causes == []


def test_lowered_capacity_withdraws_the_newest_unanswered_first() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=5))).round()
    older = only(town)
    town = town.with_rows(member("C", weekly=1)).round(1)
    newer = only(town)
    lowered = town.with_rows(member("B", weekly=1)).round(0.1)
    assert [c.suggestion.id for c in lowered.changes] == [newer.id]
    answered = town.answered(newer, (newer.members.index("B"), "accepted"))
    lowered = answered.with_rows(member("B", weekly=1)).round(0.1)
    assert [c.suggestion.id for c in lowered.changes if c.cause == "withdrawn:capacity"] == [
        older.id
    ]


def test_a_mentoring_goes_on_after_a_meeting_until_it_is_ended() -> None:
    town = mentoring()
    suggestion = only(town)
    assert suggestion.members == ("S", "J")
    agreed = town.answered(suggestion, (0, "accepted"), (1, "met")).round(1)
    assert agreed.causes == ["accepted", "accepted"]
    assert agreed.round(100).causes == []
    ended = agreed.answered(suggestion, (1, "ended"), days=1).round(2)
    assert ended.causes[0] == "ended"


def test_a_mentoring_ends_with_its_term() -> None:
    town = mentoring()
    agreed = town.answered(only(town), (0, "accepted"), (1, "accepted")).round(1)
    assert agreed.round(179).causes == []
    assert agreed.round(181).causes[0] == "ended"
