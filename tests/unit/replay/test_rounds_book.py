"""Rounds decided again: the same bytes, or the reason why not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching.fingerprint import code_version, fingerprint
from crosstie.matching.ledger import EMPTY
from crosstie.matching.model import Round
from crosstie.matching.occasion import Occasion
from crosstie.matching.step import step
from crosstie.network.view import Network
from crosstie.replay.book import Book
from crosstie.replay.recompute import Recomputation
from crosstie.replay.tables import Snapshot
from tests.unit.replay.world import ANN, BOB, CID, EVE, NOON, World, rounds

POLICY = policies.digest(policies.DEFAULT)


@pytest.fixture
def world() -> World:
    world = World()
    world.join(ANN, BOB, CID, EVE)
    for one, other in ((ANN, BOB), (BOB, CID), (CID, EVE)):
        world.between("contact.made", one, other, channel="met")
    return world


@pytest.fixture
def base(world: World) -> bytes:
    network, policy = Network.of(world.replay().rows), policies.load(policies.DEFAULT)
    return bases.encode(bases.fit(network, policy, NOON))


@pytest.fixture
def snapshot(world: World, base: bytes) -> Snapshot:
    kept = {POLICY: policies.DEFAULT}
    return replace(world.snapshot(), policies=kept, bases={bases.digest(base): base})


@pytest.fixture
def recorded(world: World, base: bytes) -> Round:
    """A full round, as matching would have recorded it."""
    (bare,) = rounds(())
    _, changes, notes = step(
        Network.of(world.replay().rows),
        EMPTY,
        bases.decode(base),
        policies.load(policies.DEFAULT),
        Occasion(n=1, at=bare.at, seed=bare.seed, deployment="test", policy_digest=POLICY),
    )
    assert changes
    return structs.replace(
        bare,
        policy=POLICY,
        base=bases.digest(base),
        code=code_version(),
        fingerprint=fingerprint(),
        changes=changes,
        notes=notes,
    )


def book(world: World, snapshot: Snapshot, round: Round, *, touched: bool = False) -> Book:
    again = Recomputation("test", snapshot)
    again.take(round, world.replay().rows, {}, touched=touched)
    return again.closed()


def test_a_round_recomputes_to_the_same_bytes(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    found = book(world, snapshot, recorded)
    assert found.differences == ()
    assert found.counted["recomputed"] == 1
    assert found.counted["suggestions"] == len(recorded.changes)


def test_a_decision_that_was_left_out_is_named(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    (difference,) = book(
        world, snapshot, structs.replace(recorded, changes=recorded.changes[1:])
    ).differences
    assert difference.startswith("round 1: recomputed otherwise: 0 decisions missing, 1 more")


def test_an_edited_decision_is_named(world: World, snapshot: Snapshot, recorded: Round) -> None:
    first, *others = recorded.changes
    edited = structs.replace(first, suggestion=structs.replace(first.suggestion, made_at=1))
    (difference,) = book(
        world, snapshot, structs.replace(recorded, changes=(edited, *others))
    ).differences
    assert f"1 other ({first.suggestion.id})" in difference


def test_a_round_that_an_erasure_touched_is_counted_and_not_recomputed(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    found = book(world, snapshot, structs.replace(recorded, changes=()), touched=True)
    assert found.ok
    assert found.counted["touched by an erasure"] == 1
    assert found.notes[0].startswith("1 of 1 rounds read somebody who was erased since")
    assert found.counted["recomputed"] == 0


def test_another_code_version_is_named_and_no_fault(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    found = book(world, snapshot, structs.replace(recorded, changes=(), code="0.0.9"))
    assert found.ok
    assert found.notes == (
        f"1 rounds differ, and were made by code 0.0.9, this is {code_version()}",
    )


def test_a_policy_that_was_not_kept_is_named(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    (difference,) = book(world, replace(snapshot, policies={}), recorded).differences
    assert difference == f"round 1: policy {POLICY} is not kept"


def test_a_base_other_than_its_digest_says_is_named(
    world: World, snapshot: Snapshot, recorded: Round
) -> None:
    edited = replace(snapshot, bases=dict.fromkeys(snapshot.bases, b"{}"))
    (difference,) = book(world, edited, recorded).differences
    assert difference == f"round 1: base {recorded.base} is kept with other bytes"
