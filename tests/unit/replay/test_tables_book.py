"""PostgreSQL against a clean fold: every planted defect is named."""

from __future__ import annotations

import pytest

from crosstie.replay import compare
from crosstie.replay.book import MOST_NAMED, Book
from crosstie.replay.tables import Progress, Snapshot, StoredRow
from tests.unit.replay.world import ANN, BOB, EVE, World

MEMBER = f"member/{ANN}"


@pytest.fixture
def world() -> World:
    world = World()
    world.join(ANN, BOB)
    world.between("contact.made", ANN, BOB, channel="met")
    return world


def book(world: World, snapshot: Snapshot) -> Book:
    refusals = compare.Refusals()
    return compare.tables(world.replay(refusals), refusals, snapshot, world.ends)


def test_a_faultless_system_is_clean(world: World) -> None:
    found = book(world, world.snapshot())
    assert found.differences == ()
    assert found.counted["rows"] == 3
    assert found.counted["folded"] == 5
    assert found.counted["behind"] == 0


def test_a_changed_row_is_named_with_its_field_and_not_its_value(world: World) -> None:
    rows = dict(world.snapshot().rows)
    stored = rows[MEMBER]
    assert stored.state is not None
    rows[MEMBER] = StoredRow(0, stored.version, stored.state.replace(b"true", b"null", 1))
    assert book(world, world.snapshot(rows=rows)).differences == (f"{MEMBER}: differs in facts",)


def test_a_missing_row_is_named(world: World) -> None:
    rows = {key: row for key, row in world.snapshot().rows.items() if key != MEMBER}
    assert book(world, world.snapshot(rows=rows)).differences == (
        f"{MEMBER}: missing in PostgreSQL",
    )


def test_a_row_that_the_log_does_not_give_is_named(world: World) -> None:
    stranger = StoredRow(0, 1, b'{"subject":"X"}')
    rows = dict(world.snapshot().rows) | {"member/X": stranger}
    assert book(world, world.snapshot(rows=rows)).differences == (
        "member/X: stored, but the log gives none",
    )


def test_a_row_ahead_of_its_partition_is_named(world: World) -> None:
    rows = dict(world.snapshot().rows)
    rows[MEMBER] = StoredRow(0, 99, rows[MEMBER].state)
    assert book(world, world.snapshot(rows=rows)).differences == (
        f"{MEMBER}: version 99 is past next_offset",
    )


def test_an_event_folded_twice_is_named(world: World) -> None:
    doubled = World()
    doubled.join(ANN, BOB)
    for _ in range(2):
        doubled.between("contact.made", ANN, BOB, channel="met")
    rows = dict(doubled.snapshot().rows)
    differences = book(world, world.snapshot(rows=rows)).differences
    (tie,) = (each for each in differences if each.startswith("tie/"))
    assert tie.startswith(f"tie/{ANN}/{BOB}: differs in contacts, last, ")


def test_a_forgotten_identity_is_named(world: World) -> None:
    inbox = {p: dict(each) for p, each in world.snapshot().inbox.items()}
    inbox[0].popitem()
    (difference,) = book(world, world.snapshot(inbox=inbox)).differences
    assert difference.endswith("is not remembered")


def test_an_offset_past_the_log_is_named(world: World) -> None:
    partitions = dict(world.snapshot().partitions) | {
        0: Progress(99, 2, world.replay().partitions[0].watermark)
    }
    assert book(world, world.snapshot(partitions=partitions)).differences == (
        "partition 0: next_offset 99 is past the log's end 2",
    )


def test_a_record_that_should_be_in_quarantine_is_named(world: World) -> None:
    world.between("contact.made", ANN, BOB, id="1-2", channel="called")
    (difference,) = book(world, world.snapshot()).differences
    assert difference.startswith("events.v1-1@3: /id")
    assert difference.endswith("it should be in profile.quarantine")


def test_a_key_lost_without_an_erasure_is_named(world: World) -> None:
    del world.keys[ANN]
    (difference,) = book(world, world.snapshot()).differences
    assert difference.startswith(f"{MEMBER}: sealed payloads without a key")


def test_a_marker_of_an_erased_row_is_no_difference(world: World) -> None:
    world.join(EVE)
    world.erase(EVE)
    rows = dict(world.snapshot().rows) | {f"member/{EVE}": StoredRow(0, 4, None)}
    assert book(world, world.snapshot(rows=rows)).ok


def test_being_behind_is_counted_and_no_difference(world: World) -> None:
    assert book(world, world.snapshot()).counted["behind"] == 0
    refusals = compare.Refusals()
    ends = {partition: end + 7 for partition, end in world.ends.items()}
    found = compare.tables(world.replay(refusals), refusals, world.snapshot(), ends)
    assert found.ok
    assert found.counted["behind"] == 14


def test_ten_differences_are_named_and_the_rest_counted(world: World) -> None:
    rows = {f"member/{i}": StoredRow(0, 1, b"{}") for i in range(25)} | dict(world.snapshot().rows)
    found = book(world, world.snapshot(rows=rows))
    assert len(found.differences) == MOST_NAMED
    assert found.unnamed == 15
