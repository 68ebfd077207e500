"""What platforms see of a suggestion's course: neutral ends, and a sequence without gaps."""

from __future__ import annotations

import pytest
from msgspec import structs

from crosstie.matching.model import Change, State
from crosstie.showing import news, shown_scores, shown_seq, shown_state
from tests.unit.replay.world import ANN, BOB, suggestion

PERSONAL = [
    "withdrawn:blocked",
    "withdrawn:paused",
    "withdrawn:left",
    "withdrawn:consent",
    "withdrawn:erased",
]


def change(state: State, seq: int, *accepted_by: str, cause: str = "") -> Change:
    now = structs.replace(suggestion(), state=state, seq=seq, accepted_by=accepted_by)
    return Change(now, cause or state)


def seen(*course: Change) -> list[tuple[int, str]]:
    """What a platform reads of this course: seq and state."""
    told = ((each, news(each)) for each in course)
    return [(shown_seq(each.suggestion), state) for each, state in told if state is not None]


MADE = change("open", 1, cause="made")
ANN_ACCEPTS = change("open", 2, ANN, cause="accepted")


@pytest.mark.parametrize("cause", ["declined", *PERSONAL])
def test_whatever_ends_it_an_accepting_side_sees_the_same(cause: str) -> None:
    state: State = "declined" if cause == "declined" else "withdrawn"
    untouched = seen(MADE, change(state, 2, cause=cause))
    after_an_acceptance = seen(MADE, ANN_ACCEPTS, change(state, 3, ANN, cause=cause))
    assert untouched == after_an_acceptance == [(1, "made"), (2, "closed")]


@pytest.mark.parametrize("state", ["met", "ended", "declined"])
def test_meetings_ends_and_declines_show_as_closed(state: State) -> None:
    assert shown_state(change(state, 2).suggestion, state) == "closed"


@pytest.mark.parametrize("why", ["capacity", "line-manager", "policy"])
def test_what_nobodys_view_of_the_other_caused_shows_as_withdrawn(why: str) -> None:
    assert seen(change("withdrawn", 2, cause=f"withdrawn:{why}")) == [(2, "withdrawn")]


def test_a_cause_of_a_later_version_is_neutral() -> None:
    assert seen(change("withdrawn", 2, cause="withdrawn:something-new")) == [(2, "closed")]


def test_the_sequence_does_not_tell_that_one_side_accepted() -> None:
    expired, after = change("expired", 2), change("expired", 3, ANN)
    assert seen(MADE, expired) == seen(MADE, ANN_ACCEPTS, after) == [(1, "made"), (2, "expired")]


def test_what_both_accepted_and_then_ended_has_three_numbers() -> None:
    both, ended = change("accepted", 3, ANN, BOB), change("ended", 4, ANN, BOB)
    told = [(1, "made"), (2, "accepted"), (3, "closed")]
    assert seen(MADE, ANN_ACCEPTS, both, ended) == told


def test_accepted_shows_only_once_both_accepted() -> None:
    assert shown_state(change("accepted", 2, ANN).suggestion) == "made"
    assert shown_state(change("open", 2, ANN, BOB).suggestion) == "made"


def test_scores_show_as_shares_but_for_what_is_learned_of_answers() -> None:
    scores = {"bridging": 250_000, "mutual": 1, "accepts_first": 2, "worth": 3, "fairness": -5}
    shown = shown_scores(structs.replace(suggestion(), scores=scores))
    assert shown == {"bridging": 0.25, "fairness": -0.000005}
