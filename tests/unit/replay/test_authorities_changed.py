"""Who was to be told of a suggestion where a platform got an authority, or lost it, meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from crosstie.door.envelope import AHEAD_US
from crosstie.events import Person
from crosstie.replay.book import Book
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.replay.tables import AuthorityChange, Snapshot
from crosstie.suggestions import SuggestionChanged
from tests.unit.replay.shown_world import HOUR as SHOWN_HOUR
from tests.unit.replay.shown_world import PEOPLE, delivered, record
from tests.unit.replay.world import ANN, BOB, CID, NOON, World, made, rounds, suggestion

HOUR = 3_600_000
CLUB = ("club", "council")
START = (NOON + 2 * SHOWN_HOUR - AHEAD_US) // 1_000 - HOUR  # round 2 is of hour 1, at the earliest


def found(
    world: World,
    second: tuple[str, ...],
    *changes: AuthorityChange,
    recorded: float = 2.0,
    asked: float | None = None,
) -> tuple[str, ...]:
    """The faults where `second` were told of a suggestion of round 2, decided from hour 1 to 2."""
    return book(world, second, *changes, recorded=recorded, asked=asked).differences


def book(
    world: World,
    second: tuple[str, ...],
    *changes: AuthorityChange,
    recorded: float = 2.0,
    asked: float | None = None,
) -> Book:
    """`intranet` has staff. `club` has the authority club, and council as `changes` say.

    Round 2 is recorded at one hour, and says the other, or none.
    """
    chain = rounds(made(suggestion()), made(suggestion("s2", (ANN, CID), round=2)))
    chain = delivered(chain, {"s1": ("intranet",)}, {"s2": second})
    if asked is not None:
        chain[1] = structs.replace(chain[1], delivery_at=(START + int(asked * HOUR)) * 1_000)
    has = CLUB if not changes or changes[-1].added else ("club",)
    people = {ANN: ("staff", ANN.lower()), BOB: ("staff", BOB.lower())}
    snapshot = replace(
        world.snapshot(rounds=chain, people=people | {CID: ("council", CID.lower())}),
        platforms={"intranet": ("staff",), "club": has},
        registered={"intranet": 0, "club": START - HOUR},
        changes=changes,
    )
    history = History(chain)
    history.recorded_at = {n: START + int(recorded * HOUR) for n in (1, 2)}
    them = (PEOPLE[0], Person(authority="council", id=CID.lower()))
    shown = Shown()
    shown.play("intranet", [record(1, "made")])
    for platform in second:
        shown.play(platform, [record(1, "made", them, n=2, suggestion="s2", round=2)])
    return shown.close(history, snapshot)


def changed(hours: float, added: bool) -> AuthorityChange:
    return AuthorityChange("club", "council", added, START + int(hours * HOUR))


MISSED = ("club: s2 should have been told, and was not",)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.5, MISSED), (1.0, ()), (1.5, ()), (3.0, ())],
    ids=["before", "about its opening", "meanwhile", "later"],
)
def test_a_platform_is_expected_to_be_told_of_the_people_it_was_given_before_the_round_opened(
    world: World, hours: float, expected: tuple[str, ...]
) -> None:
    assert found(world, ("intranet",), changed(hours, True)) == expected


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.5, ()), (1.5, ()), (2.0, ()), (3.0, MISSED)],
    ids=["before", "meanwhile", "about its end", "later"],
)
def test_a_platform_is_expected_to_be_told_of_people_it_lost_only_after_the_round(
    world: World, hours: float, expected: tuple[str, ...]
) -> None:
    assert found(world, ("intranet",), changed(hours, False)) == expected


STRANGE = ("club: s2 was told, and is about nobody of theirs",)
BOTH = ("club", "intranet")


@pytest.mark.parametrize(
    ("hours", "added", "expected"),
    [
        (0.5, True, ()),
        (1.5, True, ()),
        (3.0, True, STRANGE),
        (0.5, False, STRANGE),
        (1.0, False, ()),
        (3.0, False, ()),
    ],
)
def test_what_a_platform_was_told_is_judged_by_what_it_had_in_that_round(
    world: World, hours: float, added: bool, expected: tuple[str, ...]
) -> None:
    assert found(world, BOTH, changed(hours, added)) == expected


def test_an_authority_dropped_and_given_again_is_missed_in_neither_round(world: World) -> None:
    assert found(world, ("intranet",), changed(0.5, False), changed(3.0, True)) == ()
    assert found(world, BOTH, changed(-0.5, False), changed(0.5, True)) == ()


LATE = 24.0  # when rounds.v1 was restored


@pytest.mark.parametrize(
    ("told", "hours", "added"),
    [
        (("intranet",), 3.0, True),
        (("intranet",), 3.0, False),
        (BOTH, 3.0, True),
        (BOTH, 3.0, False),
    ],
)
def test_of_what_changed_before_rounds_were_restored_an_old_round_does_not_tell_and_that_is_noted(
    world: World, told: tuple[str, ...], hours: float, added: bool
) -> None:
    of_old = book(world, told, changed(hours, added), recorded=LATE)
    assert of_old.differences == ()
    (note,) = of_old.notes
    assert note.startswith("1 deliveries are not judged: an authority changed hands at about")


@pytest.mark.parametrize(
    ("told", "hours", "added", "expected"),
    [
        (("intranet",), 1.4, True, MISSED),
        (("intranet",), 1.6, True, ()),
        (("intranet",), 1.4, False, ()),
        (("intranet",), 1.6, False, MISSED),
        (BOTH, 1.4, True, ()),
        (BOTH, 1.6, True, STRANGE),
        (BOTH, 1.4, False, STRANGE),
        (BOTH, 1.6, False, ()),
    ],
)
def test_a_round_that_says_when_it_asked_is_judged_by_that_wherever_its_record_was_copied(
    world: World, told: tuple[str, ...], hours: float, added: bool, expected: tuple[str, ...]
) -> None:
    judged = book(world, told, changed(hours, added), recorded=LATE, asked=1.5)
    assert judged.differences == expected
    assert judged.notes == ()


def test_an_old_round_restored_is_judged_where_nothing_changed_since(world: World) -> None:
    assert found(world, ("intranet",), changed(0.5, True), recorded=LATE) == MISSED
    assert found(world, BOTH, changed(0.5, False), recorded=LATE) == STRANGE


def test_sentences_for_people_whom_a_platform_has_lost_since_are_no_fault(world: World) -> None:
    data = SuggestionChanged.model_validate_json(record(1, "made").value or b"")
    assert {each.person.authority for each in data.members if each.person} == {"staff"}
    chain = delivered(rounds(made(suggestion())), {"s1": ("club",)})
    spoken = [each.model_copy(update={"explanation": ["Meet."]}) for each in data.members]
    value = data.model_copy(update={"members": spoken}).model_dump_json().encode()
    snapshot = world.snapshot(rounds=chain, platforms={"club": ("club",)})
    lost = replace(snapshot, changes=(AuthorityChange("club", "staff", False, START + 24 * HOUR),))

    def faults(of: Snapshot) -> tuple[str, ...]:
        shown = Shown()
        shown.play("club", [structs.replace(record(1, "made"), value=value)])
        return shown.close(History(chain), of).differences

    assert any("sentences for somebody of staff" in each for each in faults(snapshot))
    assert faults(lost) == ()
