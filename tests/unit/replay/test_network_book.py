"""network.v1 against PostgreSQL: newest values, marks, tombstones."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from crosstie.network.wire import Mark, encode
from crosstie.replay import compare
from crosstie.replay.sources import Record
from tests.unit.replay.world import ANN, World

MEMBER = f"member/{ANN}"


def differences(world: World, records: list[Record]) -> tuple[str, ...]:
    return compare.network(world.mirror(records), world.snapshot()).differences


def test_a_faultless_topic_is_clean(world: World) -> None:
    assert differences(world, world.published()) == ()


def test_an_older_value_after_the_newer_is_named(world: World) -> None:
    records = world.published()
    at = next(i for i, each in enumerate(records) if each.key == MEMBER.encode())
    assert records[at].value is not None
    records[at] = structs.replace(records[at], value=records[at].value.replace(b"2", b"3"))  # type: ignore[union-attr]
    assert differences(world, records) == (
        f"{MEMBER}: network.v1 against PostgreSQL: differs in facts",
    )


@pytest.mark.parametrize(("key", "value"), [(b"\xff", b"{}"), (None, b"{}"), (b"mark", b"junk")])
def test_a_record_that_profile_did_not_write_is_named(
    world: World, key: bytes | None, value: bytes
) -> None:
    stray = Record("network.v1", 0, 99, 0, key, value)
    assert differences(world, [*world.published(), stray]) == (
        "network.v1-0@99: no row and no mark; profile did not write it",
    )


def test_a_row_never_published_is_named(world: World) -> None:
    records = [each for each in world.published() if each.key != MEMBER.encode()]
    assert differences(world, records) == (f"{MEMBER}: in PostgreSQL, not in network.v1",)


def test_a_missing_tombstone_is_named(world: World) -> None:
    published = world.published()
    world.erase(ANN)
    later = Record(
        "network.v1", 0, 99, 0, b"mark", encode(Mark(3, world.replay().partitions[0].watermark))
    )
    assert differences(world, [*published, later]) == (
        f"{MEMBER}: in network.v1, not in PostgreSQL",
    )


def test_a_tombstone_clears_a_row(world: World) -> None:
    published = world.published()
    world.erase(ANN)
    latest = world.replay().partitions[0].watermark
    after = [
        Record("network.v1", 0, 98, 0, MEMBER.encode(), None),
        Record("network.v1", 0, 99, 0, b"mark", encode(Mark(3, latest))),
    ]
    assert differences(world, [*published, *after]) == ()


def test_a_missing_mark_is_named(world: World) -> None:
    records = [each for each in world.published() if each.key != b"mark" or each.partition != 0]
    mirror = world.mirror(records)
    assert mirror.behind() == [0]
    found = compare.network(mirror, world.snapshot()).differences
    assert found[0].startswith("partition 0: newest mark is (0, 0)")


def test_a_mark_that_goes_back_is_named(world: World) -> None:
    back = Record("network.v1", 0, 99, 0, b"mark", encode(Mark(1, 0)))
    assert "network.v1-0@99: mark 1 after mark 2" in differences(world, [*world.published(), back])


def test_rows_published_after_the_snapshot_are_left_out(world: World) -> None:
    later = [
        Record("network.v1", 0, 98, 0, b"member/NEW", b'{"subject":"NEW"}'),
        Record("network.v1", 0, 99, 0, b"mark", encode(Mark(7, 0))),
    ]
    assert differences(world, [*world.published(), *later]) == ()
    assert world.mirror().ahead() == []
    assert world.mirror([*world.published(), *later]).ahead() == [0]


def test_a_mark_that_leaps_over_the_snapshot_asks_for_another(world: World) -> None:
    leap = Record("network.v1", 0, 99, 0, b"mark", encode(Mark(7, 0)))
    records = [each for each in world.published() if each.key != b"mark" or each.partition != 0]
    assert world.mirror([*records, leap]).skipped() == [0]


def test_a_key_in_two_partitions_is_named(world: World) -> None:
    strayed = Record("network.v1", 1, 99, 0, MEMBER.encode(), b"{}")
    assert f"{MEMBER}: in partitions 0 and 1" in differences(world, [*world.published(), strayed])


def test_a_partition_unknown_to_postgresql_is_named(world: World) -> None:
    snapshot = world.snapshot()
    without = replace(snapshot, partitions={0: snapshot.partitions[0]})
    found = compare.network(world.mirror(), without).differences
    assert "partition 1: has a mark, and PostgreSQL does not know it" in found
