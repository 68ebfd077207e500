"""What clients were promised is in effect once; what inboxes hold is in the log or a dead letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from crosstie import dlq
from crosstie.errors import Rejected
from crosstie.events import GATHERING
from crosstie.replay import erasure
from crosstie.replay.book import Book
from crosstie.replay.delivery import Acknowledged
from crosstie.replay.inboxes import Inboxes
from crosstie.replay.runner import Played
from crosstie.replay.sources import Record
from tests.unit.replay.world import ANN, BOB, CID, EVE, NOON, World


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


def test_what_profile_has_not_folded_yet_is_counted_and_not_lost(world: World) -> None:
    world.between("contact.made", ANN, BOB, id="e1", channel="met")
    told = Acknowledged([("test", "e1")])
    told.beyond = True
    world.replay(told)
    assert told.closed().ok
    assert told.closed().counted["in the log, not folded yet"] == 1


def test_the_pairs_of_a_gathering_belong_to_it(world: World) -> None:
    for one, other in ((ANN, BOB), (ANN, CID)):
        a, b = (name * 4 for name in (one[:4], other[:4]))
        world.between("contact.made", one, other, id=f"g1/{a}/{b}", channel="co-attended")
    assert book(world, "g1").ok


def test_one_pair_of_a_gathering_in_effect_twice_is_doubled(world: World) -> None:
    for other in (BOB, CID):
        world.between("contact.made", ANN, other, id=f"g1/{ANN}/{other}", channel="co-attended")
    played: list[Played] = []
    world.replay(played.append)
    told = Acknowledged([("test", "g1"), ("test", "g2")])
    for each in (*played, played[0]):
        told(each)
    assert told.closed().differences == (
        "test g1: in effect 2 times",
        "test g2: acknowledged, and not in effect",
    )


def told_in_any_order(world: World) -> set[tuple[str, ...]]:
    """What the book says of e1, in whichever order the log is read."""
    played: list[Played] = []
    world.replay(played.append)
    found = set()
    for order in permutations(played):
        told = Acknowledged([("test", "e1")])
        for each in order:
            told(each)
        found.add(told.closed().differences)
    return found


def test_a_gathering_and_an_event_of_its_id_are_doubled_in_whatever_order_they_are_read(
    world: World,
) -> None:
    for other in (BOB, CID):
        world.between("contact.made", ANN, other, id=f"e1/{ANN}/{other}", channel="co-attended")
    world.say("member.paused", BOB, id="e1")
    assert told_in_any_order(world) == {("test e1: in effect 2 times",)}
    world.say("member.paused", ANN, id="e1")
    assert told_in_any_order(world) == {("test e1: in effect 3 times",)}


def test_an_erasure_and_an_event_of_its_id_are_doubled_in_whatever_order_they_are_read(
    world: World,
) -> None:
    for subject in (BOB, EVE):  # an erasure alone may be said again
        world.say("member.erased", subject, id="e1")
    assert told_in_any_order(world) == {()}
    world.say("member.paused", ANN, id="e1")
    assert told_in_any_order(world) == {("test e1: in effect 2 times",)}


def sent(offset: int, id: str = "e1", type: str = "org.crosstie.contact.made.v1") -> Record:
    headers = (("ce_source", b"test"), ("ce_id", id.encode()), ("ce_type", type.encode()))
    return Record("inbox.v1.intranet", 0, offset, 0, b"", b"{}", headers)


def buried(record: Record) -> Record:
    letter = dlq.letter(record, Rejected("/data", "x", "y", "z"), NOON)
    return Record("dlq.v1", 0, 0, 0, letter.key, letter.value, tuple(letter.headers))


def inboxes(
    world: World, records: list[Record], committed: int, dead: Sequence[Record] = ()
) -> Book:
    found = Inboxes()
    found.bury(dead)
    found.read(records, {0: committed})
    world.replay(found)
    return found.closed()


def test_an_inbox_that_went_into_the_log_is_clean(world: World) -> None:
    world.between("contact.made", ANN, BOB, id="e1", channel="met")
    assert inboxes(world, [sent(0)], committed=1).ok


def test_a_gathering_whose_pairs_went_into_the_log_is_clean(world: World) -> None:
    world.between("contact.made", ANN, BOB, id=f"e1/{ANN}/{BOB}", channel="co-attended")
    assert inboxes(world, [sent(0, type=GATHERING)], committed=1).ok


@pytest.mark.parametrize(("in_the_log", "lost"), [("e1", 1), (f"e1/{ANN}/{BOB}", 0)])
def test_an_event_and_a_gathering_of_one_id_do_not_stand_for_each_other(
    world: World, in_the_log: str, lost: int
) -> None:
    world.between("contact.made", ANN, BOB, id=in_the_log, channel="met")
    assert inboxes(world, [sent(0), sent(1, type=GATHERING)], committed=2).differences == (
        f"inbox.v1.intranet-0@{lost}: neither in the log nor a dead letter",
    )


def test_a_record_that_went_nowhere_is_named(world: World) -> None:
    assert inboxes(world, [sent(0)], committed=1).differences == (
        "inbox.v1.intranet-0@0: neither in the log nor a dead letter",
    )


def test_a_dead_letter_is_not_lost(world: World) -> None:
    assert inboxes(world, [sent(0)], committed=1, dead=[buried(sent(0))]).ok


@pytest.mark.parametrize("dismissed", [False, True])
def test_the_mark_of_a_letter_is_passed_over(world: World, dismissed: bool) -> None:
    dead = buried(sent(0))
    name = dlq.read(dead.key, dead.value, dead.headers).name
    mark = dlq.mark(name, NOON, dismissed=dismissed)
    marked = Record("dlq.v1", 0, 1, 0, mark.key, mark.value, tuple(mark.headers))
    found = inboxes(world, [sent(0)], committed=1, dead=[dead, marked])
    assert (found.ok, found.counted["dead letters"]) == (True, 1)


def test_what_is_no_event_must_be_a_dead_letter(world: World) -> None:
    wrong = Record("inbox.v1.intranet", 0, 0, 0, b"", b"[1]")
    assert inboxes(world, [wrong], committed=1).differences == (
        "inbox.v1.intranet-0@0: is no event, and no dead letter",
    )
    assert inboxes(world, [wrong], committed=1, dead=[buried(wrong)]).ok


def test_what_ingestion_has_not_read_yet_waits(world: World) -> None:
    found = inboxes(world, [sent(0), sent(1)], committed=0)
    assert found.ok
    assert found.counted["waiting"] == 2


def test_the_erasure_of_a_stranger_leaves_nothing(world: World) -> None:
    assert inboxes(world, [sent(0, type="org.crosstie.member.erased.v1")], committed=1).ok


def test_an_erasure_that_was_written_nowhere_is_named(world: World) -> None:
    retired = replace(
        world.snapshot(), retired=frozenset({ANN, BOB, EVE}), unlogged=frozenset({BOB})
    )
    unwritten = erasure.unwritten(retired, {EVE})
    assert unwritten == {ANN}
    assert Inboxes().closed(unwritten).differences == (
        f"{ANN}: retired, and no member.erased in the log",
    )
