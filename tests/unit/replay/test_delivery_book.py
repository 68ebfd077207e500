"""Acknowledged events are in effect once."""

from __future__ import annotations

import pytest

from crosstie.replay.book import Book
from crosstie.replay.delivery import Acknowledged
from tests.unit.replay.world import ANN, BOB, CID, NOON, World


@pytest.fixture
def world() -> World:
    return World()


def book(world: World, *ids: str) -> Book:
    told = Acknowledged(("test", id) for id in ids)
    world.replay(told)
    return told.closed()


def test_each_in_effect_once_is_clean(world: World) -> None:
    for _ in range(2):
        world.between("contact.made", ANN, BOB, id="e1", time=NOON, channel="met")
    assert book(world, "e1").ok


def test_a_lost_event_is_named(world: World) -> None:
    found = book(world, "e1")
    assert found.differences == ("test e1: acknowledged, and not in effect",)
    assert found.counted["lost"] == 1


def test_an_event_in_quarantine_is_not_in_effect(world: World) -> None:
    world.between("contact.made", ANN, BOB, id="e1", channel="met")
    world.set_aside(1, 0)
    assert book(world, "e1").differences == (
        "test e1: acknowledged, and not in effect; it is in quarantine",
    )


def test_an_event_in_effect_under_two_keys_is_doubled(world: World) -> None:
    world.say("member.paused", ANN, id="e1")
    world.say("member.paused", BOB, id="e1")
    found = book(world, "e1")
    assert found.differences == ("test e1: in effect 2 times",)
    assert found.counted["doubled"] == 1


def test_the_pairs_of_a_gathering_belong_to_it(world: World) -> None:
    for one, other in ((ANN, BOB), (ANN, CID)):
        a, b = (name * 4 for name in (one[:4], other[:4]))
        world.between("contact.made", one, other, id=f"g1/{a}/{b}", channel="co-attended")
    assert book(world, "g1").ok
