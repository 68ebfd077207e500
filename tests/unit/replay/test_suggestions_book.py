"""What platforms were shown: one meaning per id, one record per change, no life after the end."""

from __future__ import annotations

import pytest
from msgspec import structs

from crosstie.events import Person
from crosstie.matching.model import Change
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.suggestions import Shown as ShownMember
from crosstie.suggestions import SuggestionChanged
from tests.unit.replay.shown_world import PEOPLE, accepted, differences, record
from tests.unit.replay.world import ANN, BOB, World, made, rounds, suggestion


def test_what_was_decided_and_shown_is_clean(world: World) -> None:
    assert differences(world, record(1, "made"), record(2, "expired")) == ()


def test_a_change_shown_once_more_is_named(world: World) -> None:
    again = differences(world, record(1, "made"), record(2, "expired"), record(2, "expired"))
    assert again == ("intranet: s1/2: once more",)


def test_a_seq_with_other_bytes_is_named(world: World) -> None:
    again = record(1, "made", scores={"value": 0.5})
    assert differences(world, record(1, "made"), record(2, "expired"), again) == (
        "intranet: s1/1: once more with other bytes",
    )


def test_life_after_the_end_is_named(world: World) -> None:
    found = differences(world, record(1, "made"), record(2, "expired"), record(3, "accepted"))
    assert "intranet: s1/3: accepted after expired" in found
    assert "intranet: s1/3 was shown, and no round decided it" in found


def test_a_change_shown_out_of_order_is_named(world: World) -> None:
    assert differences(world, record(2, "expired"), record(1, "made")) == (
        "intranet: s1/1: first shown after seq 2",
        "intranet: s1/1: made after expired",
    )


def test_another_kind_under_the_same_id_is_named(world: World) -> None:
    assert differences(world, record(1, "made"), record(2, "expired", kind="mentoring")) == (
        "intranet: s1/2: means something else than seq 1",
    )


def test_other_people_under_the_same_id_are_named(world: World) -> None:
    others = (PEOPLE[0], Person(authority="staff", id="someone"))
    assert differences(world, record(1, "made"), record(2, "expired", others)) == (
        "intranet: s1/2: means something else than seq 1",
    )
    assert differences(world, record(1, "made", others), record(2, "expired", others)) == (
        "intranet: s1 names other people than the round that made it",
    )


def test_a_suggestion_never_shown_is_named(world: World) -> None:
    assert differences(world) == ("intranet: s1 was never shown",)


def test_an_end_never_shown_is_named(world: World) -> None:
    assert differences(world, record(1, "made")) == (
        "intranet: s1 is expired, and that was never shown",
    )


def test_a_state_other_than_decided_is_named(world: World) -> None:
    assert differences(world, record(1, "made"), record(2, "withdrawn"))[0] == (
        "intranet: s1/2 is shown as withdrawn, decided as expired"
    )


def test_a_suggestion_that_no_round_made_is_named(world: World) -> None:
    found = differences(world, record(1, "made"), changes=())
    assert found == ("intranet: s1 was shown, and no round made it",)


def test_a_key_of_another_suggestion_is_named(world: World) -> None:
    wrong = structs.replace(record(2, "expired"), key=b"s9")
    assert differences(world, record(1, "made"), wrong) == (
        "suggestions.v1.intranet-0@0: key, ce_id or ce_type are not those of s1/2",
    )


def test_what_retention_took_is_no_fault(world: World) -> None:
    chain = rounds(made(suggestion()))
    shown = Shown()
    shown.incomplete("intranet")
    assert shown.close(History(chain), world.snapshot(rounds=chain)).ok


def test_the_erased_are_shown_as_nobody(world: World) -> None:
    data = record(2, "expired")
    assert data.value is not None
    nobody = ShownMember(person=None, direction="across")
    gone = SuggestionChanged.model_validate_json(data.value).model_copy(
        update={"members": [nobody, nobody]}
    )
    shown = structs.replace(data, value=gone.model_dump_json().encode())
    assert differences(world, record(1, "made"), shown) == ()


BOTH = (made(suggestion()), (accepted(ANN, seq=2),), (accepted(ANN, BOB, seq=3),))


def test_one_acceptance_shows_as_nothing_and_both_as_the_second_state(world: World) -> None:
    told = (record(1, "made"), record(2, "accepted", n=3))
    assert differences(world, *told, changes=BOTH) == ()
    assert differences(world, record(1, "made"), changes=BOTH[:2]) == ()


def test_an_acceptance_of_both_never_shown_is_named(world: World) -> None:
    assert differences(world, record(1, "made"), changes=BOTH) == (
        "intranet: s1 is accepted, and that was never shown",
    )


def test_an_acceptance_of_both_never_shown_is_named_after_the_end_too(world: World) -> None:
    ended = structs.replace(BOTH[2][0].suggestion, state="ended", seq=4)
    changes = (*BOTH, (Change(ended, "ended"),))
    assert differences(world, record(1, "made"), record(3, "closed", n=4), changes=changes) == (
        "intranet: s1 is accepted, and that was never shown",
    )


@pytest.mark.parametrize("state", ["made", "accepted"])
def test_one_sides_acceptance_shown_is_named(world: World, state: str) -> None:
    found = differences(world, record(1, "made"), record(2, state), changes=BOTH[:2])
    assert found == ("intranet: s1/2 was shown, and no round decided it",)


def test_one_sides_acceptance_shown_before_the_other_accepted_is_named(world: World) -> None:
    (found,) = differences(world, record(1, "made"), record(2, "accepted"), changes=BOTH)
    assert "s1/2 is shown as accepted at" in found
