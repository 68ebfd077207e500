from __future__ import annotations

from crosstie.matching import pacing
from tests.unit.matching.towns import POLICY, Town, member, rows


def free(town: Town, subject: str) -> tuple[int, ...]:
    return pacing.slots(town.network, town.ledger, POLICY, subject, town.at)


def test_a_declined_introduction_still_counts_for_its_week() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=1))).round()
    (suggestion,) = town.made
    declined = town.answered(suggestion, (0, "declined")).round(1)
    assert free(declined, "A") == (0, 0, 0)
    assert free(declined.round(6), "A") == (1, 0, 0)


def test_an_open_introduction_counts_for_as_long_as_it_is_open() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=2))).round().round(10)
    assert free(town, "A") == (0, 0, 0)
    assert free(town, "B") == (1, 0, 0)


def test_a_mentoring_holds_a_slot_on_both_sides_from_its_suggestion() -> None:
    senior, junior = (
        member("S", weekly=0, mentees=2, level=5),
        member("J", weekly=0, mentors=1, level=2),
    )
    town = Town(rows(senior, junior))
    assert free(town, "S") == (0, 2, 0)
    assert free(town.round(), "S") == (0, 1, 0)
    assert free(town.round(), "J") == (0, 0, 0)


def test_a_week_that_passed_frees_those_it_was_counted_for_once() -> None:
    town = Town(rows(member("A", weekly=1), member("B", weekly=1))).round()
    week = town.at + 7 * 86_400_000_000
    assert pacing.freed_by_time(town.ledger, week - 1) == frozenset()
    assert pacing.freed_by_time(town.ledger, week) == {"A", "B"}
    assert pacing.freed_by_time(town.ledger.after((), week), week + 1) == frozenset()


def test_nobody_unknown_paused_or_without_availability_has_a_slot() -> None:
    town = Town(rows(member("P", paused=True), member("N", availability=None)))
    assert {free(town, each) for each in ("P", "N", "X")} == {(0, 0, 0)}
