"""What platforms were shown: one meaning per id, one record per change, no life after the end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from crosstie.events import Person
from crosstie.matching.model import Change
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.replay.sources import Record
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from crosstie.suggestions import Shown as ShownMember
from tests.unit.replay.world import ANN, BOB, World, made, rounds, suggestion

PEOPLE = (Person(authority="staff", id=ANN.lower()), Person(authority="staff", id=BOB.lower()))
EXPIRED = Change(structs.replace(suggestion(), state="expired", seq=2), "expired")


def record(seq: int, state: Any, people: tuple[Person, ...] = PEOPLE, **other: Any) -> Record:
    fields: dict[str, Any] = {
        "suggestion": "s1",
        "round": 1,
        "kind": "introduction",
        "cross_sector": True,
    } | other
    members = [ShownMember(person=person, direction="across") for person in people]
    data = SuggestionChanged(seq=seq, state=state, members=members, **fields)
    headers = (
        ("ce_id", f"{data.suggestion}/{seq}".encode()),
        ("ce_type", SUGGESTION_TYPES[state].encode()),
    )
    key, value = data.suggestion.encode(), data.model_dump_json().encode()
    return Record("suggestions.v1.intranet", 0, 0, 0, key, value, headers)


@pytest.fixture
def world() -> World:
    world = World()
    world.join(ANN, BOB)
    return world


def differences(world: World, *records: Record, changes: Any = None) -> tuple[str, ...]:
    chain = rounds(*(changes if changes is not None else (made(suggestion()), (EXPIRED,))))
    shown = Shown()
    shown.play("intranet", records)
    return shown.close(History(chain), world.snapshot(rounds=chain)).differences


def test_what_was_decided_and_shown_is_clean(world: World) -> None:
    assert differences(world, record(1, "made"), record(2, "expired")) == ()


def test_the_same_bytes_again_are_no_fault(world: World) -> None:
    assert differences(world, record(1, "made"), record(2, "expired"), record(2, "expired")) == ()


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


def test_what_is_not_published_yet_is_not_expected(world: World) -> None:
    chain = rounds(made(suggestion()))
    snapshot = world.snapshot(rounds=chain)
    behind = replace(snapshot, head=replace(snapshot.head, published_n=0))
    assert Shown().close(History(chain), behind).ok
