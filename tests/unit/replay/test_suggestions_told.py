"""Which platforms are to be told of a suggestion, and since when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from crosstie.door.envelope import AHEAD_US
from crosstie.events import Person
from crosstie.replay.history import History
from crosstie.replay.shown import Shown
from crosstie.suggestions import SuggestionChanged
from tests.unit.replay.shown_world import EXPIRED, PEOPLE, delivered, differences, of, record
from tests.unit.replay.world import ANN, BOB, CID, World, made, rounds, suggestion


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
    opened = (chain[1].at - AHEAD_US) // 1_000
    snapshot = world.snapshot(
        rounds=chain, platforms=TWO, registered={"academy": opened + minutes * 60_000}
    )
    history = History(chain)
    history.recorded_at = dict.fromkeys((1, 2), opened + 24 * 3_600_000)  # restored since
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
