"""What platforms were shown: one meaning per id, one record per change, no life after the end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from crosstie.events import Person
from crosstie.instants import to_rfc3339
from crosstie.matching.model import Change, Round, State
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.replay.sources import Record
from crosstie.replay.tables import Snapshot
from crosstie.suggestions import SUGGESTION_TYPES, SuggestionChanged
from crosstie.suggestions import Shown as ShownMember
from tests.unit.replay.world import ANN, BOB, CID, NOON, World, made, rounds, suggestion

PEOPLE = (Person(authority="staff", id=ANN.lower()), Person(authority="staff", id=BOB.lower()))
HOUR = 3_600_000_000  # between rounds
EXPIRED = Change(structs.replace(suggestion(), state="expired", seq=2), "expired")


def record(
    seq: int, state: Any, people: tuple[Person, ...] = PEOPLE, n: int = 0, **other: Any
) -> Record:
    """As matching publishes it of round `n`, by default the round whose number is `seq`."""
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
        ("ce_time", to_rfc3339(NOON + (n or seq) * HOUR).encode()),
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
    return of(world, chain, intranet=records)


def of(
    world: World, chain: list[Round], snapshot: Snapshot | None = None, **topics: Iterable[Record]
) -> tuple[str, ...]:
    """The differences of these rounds and what each platform's topic holds."""
    shown = Shown()
    for platform, records in topics.items():
        shown.play(platform, records)
    return shown.close(History(chain), snapshot or world.snapshot(rounds=chain)).differences


def delivered(chain: list[Round], *delivery: dict[str, tuple[str, ...]]) -> list[Round]:
    """The same rounds, delivered to others; no digest covers that."""
    return [
        structs.replace(each, delivery=told) for each, told in zip(chain, delivery, strict=True)
    ]


def accepted(*by: str, seq: int) -> Change:
    state: State = "accepted" if len(by) == 2 else "open"
    return Change(structs.replace(suggestion(), state=state, seq=seq, accepted_by=by), "accepted")


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


def test_what_is_not_published_yet_is_not_expected(world: World) -> None:
    chain = rounds(made(suggestion()))
    snapshot = world.snapshot(rounds=chain)
    behind = replace(snapshot, head=replace(snapshot.head, published_n=0))
    assert Shown().close(History(chain), behind).ok


def test_a_platform_that_nothing_was_delivered_to_and_that_got_it_all_is_named(
    world: World,
) -> None:
    chain = rounds(made(suggestion()), (EXPIRED,))
    snapshot = world.snapshot(rounds=chain, platforms={"intranet": ("staff",), "club": ("club",)})
    everything = (record(1, "made"), record(2, "expired"))
    assert of(world, chain, snapshot, intranet=everything, club=everything) == (
        "club: s1 was shown, and is not delivered there",
    )


def test_a_delivery_to_a_platform_that_it_is_no_business_of_is_named(world: World) -> None:
    chain = rounds(made(suggestion()))
    chain = delivered(chain, {"s1": ("intranet", "club")})
    snapshot = world.snapshot(rounds=chain, platforms={"intranet": ("staff",), "club": ("club",)})
    told = (record(1, "made"),)
    assert of(world, chain, snapshot, intranet=told, club=told) == (
        "club: s1 was told, and is about nobody of theirs",
    )


def test_sentences_for_another_platforms_person_are_named(world: World) -> None:
    data = record(1, "made")
    changed = SuggestionChanged.model_validate_json(data.value or b"")
    ann, bob = changed.members
    spoken = [ann.model_copy(update={"explanation": ["Meet bob."]}), bob]
    value = changed.model_copy(update={"members": spoken}).model_dump_json().encode()
    chain = delivered(rounds(made(suggestion())), {"s1": ("intranet", "club")})
    people = {ANN: ("staff", ANN.lower()), BOB: ("club", BOB.lower())}
    snapshot = world.snapshot(
        rounds=chain, people=people, platforms={"intranet": ("staff",), "club": ("club",)}
    )
    told = (structs.replace(data, value=value),)
    named = [
        each for each in of(world, chain, snapshot, intranet=told, club=told) if "sentences" in each
    ]
    assert named == ["club: s1 has sentences for somebody of staff"]


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


def test_suggestions_that_nobody_was_told_of_are_named(world: World) -> None:
    chain = delivered(rounds(made(suggestion()), (EXPIRED,)), {}, {})
    assert of(world, chain) == ("s1: no platform of staff was told",)


def test_each_of_two_authorities_has_somebody_who_is_told(world: World) -> None:
    chain = rounds(made(suggestion()))
    people = {ANN: ("staff", ANN.lower()), BOB: ("council", BOB.lower())}
    platforms = {"intranet": ("staff",), "town": ("council",)}
    snapshot = world.snapshot(rounds=chain, people=people, platforms=platforms)
    them = (PEOPLE[0], Person(authority="council", id=BOB.lower()))
    assert of(world, chain, snapshot, intranet=[record(1, "made", them)]) == (
        "s1: no platform of council was told",
    )


TWO = {"intranet": ("staff",), "academy": ("staff",)}


def test_a_platform_added_later_is_not_expected_to_know_older_suggestions(world: World) -> None:
    later = suggestion("s2", (ANN, CID), round=2)
    chain = rounds(made(suggestion()), made(later))
    chain = delivered(chain, {"s1": ("intranet",)}, {"s2": ("academy", "intranet")})
    them = (PEOPLE[0], Person(authority="staff", id=CID.lower()))
    second = record(1, "made", them, n=2, suggestion="s2", round=2)
    topics = {"intranet": [record(1, "made"), second], "academy": [second]}
    assert of(world, chain, world.snapshot(rounds=chain, platforms=TWO), **topics) == ()


def test_a_platform_that_was_told_before_is_expected_from_then_on(world: World) -> None:
    later = suggestion("s2", (ANN, CID), round=2)
    chain = rounds(made(suggestion()), made(later))
    chain = delivered(chain, {"s1": ("academy", "intranet")}, {"s2": ("intranet",)})
    them = (PEOPLE[0], Person(authority="staff", id=CID.lower()))
    second = record(1, "made", them, n=2, suggestion="s2", round=2)
    topics = {"intranet": [record(1, "made"), second], "academy": [record(1, "made")]}
    assert of(world, chain, world.snapshot(rounds=chain, platforms=TWO), **topics) == (
        "academy: s2 should have been told, and was not",
    )


@pytest.mark.parametrize(("minutes", "expected"), [(-2, True), (2, False)])
def test_a_platform_is_expected_in_rounds_that_opened_after_it_was_registered(
    world: World, minutes: int, expected: bool
) -> None:
    later = suggestion("s2", (ANN, CID), round=2)
    chain = rounds(made(suggestion()), made(later))
    snapshot = world.snapshot(
        rounds=chain, platforms=TWO, registered={"academy": (minutes + 60) * 60_000}
    )
    history = History(chain)
    history.published_at = {1: 3_600_000, 2: 7_200_000}
    them = (PEOPLE[0], Person(authority="staff", id=CID.lower()))
    shown = Shown()
    second = record(1, "made", them, n=2, suggestion="s2", round=2)
    shown.play("intranet", [record(1, "made"), second])
    found = shown.close(history, snapshot).differences
    assert found == (("academy: s2 should have been told, and was not",) if expected else ())


def test_whoever_is_being_erased_brings_no_platform_to_be_told(world: World) -> None:
    chain = delivered(rounds(made(suggestion())), {})
    snapshot = world.snapshot(rounds=chain, retired=frozenset((ANN, BOB)))
    assert of(world, chain, snapshot) == ()


def test_a_round_named_on_anything_but_what_it_made_is_named(world: World) -> None:
    end = record(2, "expired")
    telling = structs.replace(end, headers=(*end.headers, ("ce_crosstieround", b"2")))
    assert differences(world, record(1, "made"), telling) == (
        "suggestions.v1.intranet-0@0: names the round that brought expired",
    )
