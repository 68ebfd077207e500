"""Erasure: what an erased person said is nowhere, or has a deadline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crosstie.network.wire import Mark, encode
from crosstie.replay import erasure, search
from crosstie.replay.book import Book
from crosstie.replay.sources import Record
from crosstie.replay.tables import StoredRow
from crosstie.topics import Topics
from tests.unit.replay.world import ANN, BOB, EVE, KEYS, World

MEMBER = f"member/{EVE}"
HOUR_MS = 3_600_000


@pytest.fixture
def world() -> World:
    world = World()
    world.join(ANN, BOB, EVE)
    world.erase(EVE)
    return world


def book(world: World, keys: dict[str, bytes] | None = None, **planted: Any) -> Book:
    keys = world.keys if keys is None else keys
    sealed = erasure.Sealed(keys)
    replay = world.replay(sealed)
    snapshot = replace(world.snapshot(), keys=keys, **planted.get("tables", {}))
    return erasure.erased(
        replay.erasures,
        sealed,
        snapshot,
        world.mirror(planted.get("network")),
        planted.get("rounds", ()),
        ("inbox.v1.intranet",),
    )


def test_a_faultless_erasure_is_clean_and_lists_what_remains_with_its_deadline(
    world: World,
) -> None:
    found = book(world)
    assert found.differences == ()
    assert found.notes == (
        "the erased may still be in inbox.v1.intranet: gone by 2026-04-02T12:00Z",
        "the erased may still be in network.v1, not compacted yet: gone by 2026-03-10T12:00Z",
    )
    assert found.counted["erased"] == 1
    assert found.counted["sealed payloads tried"] == 2


def test_a_deadline_leaves_kafka_time_for_whole_segments_and_its_own_pace() -> None:
    topics = Topics()
    forgetting = [t for t in topics.every(["intranet"]) if search.has_deadline(topics, t.name)]
    assert len(forgetting) == 3
    for config in (each.config() for each in forgetting):
        oldest_ms = int(config["retention.ms"]) + int(config["segment.ms"])
        assert oldest_ms + HOUR_MS <= erasure.KEPT_US // 1000


def test_a_row_left_in_postgresql_is_named(world: World) -> None:
    rows = dict(world.snapshot().rows) | {MEMBER: StoredRow(0, 1, b"{}")}
    assert book(world, tables={"rows": rows}).differences == (
        f"{MEMBER}: still in profile.members",
    )


def test_a_mapping_left_in_the_vault_is_named(world: World) -> None:
    people = dict(world.snapshot().people) | {EVE: ("staff", "eve")}
    assert book(world, tables={"people": people}).differences == (f"{EVE}: still in the vault",)


def test_a_newest_value_left_in_network_v1_is_named(world: World) -> None:
    left = [Record("network.v1", 0, 0, 0, MEMBER.encode(), b"{}"), *world.published()]
    assert book(world, network=left).differences == (
        f"{MEMBER}: still the newest value of network.v1",
    )


def test_a_value_published_after_the_tombstone_is_named(world: World) -> None:
    back = [
        Record("network.v1", 0, 90, 0, MEMBER.encode(), b"{}"),
        Record("network.v1", 0, 91, 0, b"mark", encode(Mark(99, 0))),
    ]
    assert book(world, network=[*world.published(), *back]).differences == (
        f"{MEMBER}: in network.v1 again after its tombstone",
    )


def test_a_key_that_still_opens_the_log_is_named(world: World) -> None:
    found = book(world, keys=world.keys | {"COPY": KEYS[EVE]})
    assert f"{EVE}: the key of COPY opens 0-2" in found.differences


@pytest.mark.parametrize("said", ["I want help with my budget, please", "HIV positive"])
def test_text_in_a_round_is_named_without_the_text(world: World, said: str) -> None:
    body = f'{{"n":1,"fingerprint":"x86_64-0a1b2c3d numpy-2.4.6 scipy-1.17.1","why":"{said}"}}'
    record = Record("rounds.v1", 0, 5, 0, b"1", body.encode())
    assert book(world, rounds=[record]).differences == (
        f"rounds.v1: a string of {len(said)} in a round that is no id",
    )


def test_text_in_a_round_of_several_records_is_named(world: World) -> None:
    parts = [b'{"n":1,"why":"HIV', b' positive"}']
    records = [
        Record(
            "rounds.v1", 0, i, 0, f"1/{i + 1}".encode(), part, (("part", f"{i + 1}/2".encode()),)
        )
        for i, part in enumerate(parts)
    ]
    assert book(world, rounds=records).differences == (
        "rounds.v1: a string of 12 in a round that is no id",
    )


@pytest.mark.parametrize("junk", [b"\xff", b'"\xff"', b"[1]", b"[" * 100_000])
def test_what_is_no_round_is_passed_over(world: World, junk: bytes) -> None:
    found = book(world, rounds=[Record("rounds.v1", 0, 5, 0, b"1", junk)])
    assert found.differences == ()
    assert "rounds read" not in found.counted


def test_what_waits_to_be_published_is_listed(world: World) -> None:
    found = book(world, tables={"unpublished": frozenset(("a", "b"))})
    assert "the erased may still be in 2 records of matching.outbox" in found.notes


def test_quarantined_bytes_have_their_own_deadline(world: World) -> None:
    world.set_aside(0, 2)
    found = book(world)
    assert (
        f"{EVE} may still be in profile.quarantine events.v1-0@2: gone by 2026-04-02T12:00Z"
        in found.notes
    )


def test_text_is_searched_as_it_stands_in_json() -> None:
    assert search.needles('a "café"') == (
        'a "café"'.encode(),
        b'a \\"caf\\u00e9\\"',
        'a \\"café\\"'.encode(),
    )


def test_sealed_payloads_are_searched_with_the_keys_that_are_left(world: World) -> None:
    said = world.say("need.posted", ANN, item="n1", text="canary")
    assert search.holds(said, (b"canary",), world.keys)
    assert not search.holds(said, (b"canary",), {})
