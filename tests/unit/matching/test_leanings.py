"""What the compiled rules add up is, to the last bit, what arrays add up to."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from crosstie.matching import leanings
from crosstie.matching.affinity import Match, Shared, direction, rule_odds, wishes
from crosstie.matching.people import People
from tests.unit.matching.towns import POLICY

SIZE, PAIRS, SECTORS = 60, 5_000, 7


@pytest.fixture
def people(draw: np.random.Generator) -> People:
    wished = np.flatnonzero(draw.random(SIZE * SECTORS) < 0.1)
    said = SimpleNamespace(
        level=draw.integers(0, 8, SIZE),
        sector=draw.integers(-1, SECTORS, SIZE),
        wished_directions=draw.integers(0, 8, SIZE),
        wishes_sectors=draw.random(SIZE) < 0.5,
        wished_sectors=wished,
        sectors=SECTORS,
    )
    return cast(People, said)


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def pairs(draw: np.random.Generator) -> tuple[Any, Any]:
    return draw.integers(0, SIZE, PAIRS), draw.integers(0, SIZE, PAIRS)


def by_arrays(people: People, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """The way, whether it is wished, whether the sector is, and steps between levels."""
    mine, theirs = people.level[a], people.level[b]
    known = (mine > 0) & (theirs > 0)
    bit = np.where(known & (theirs > mine), 1, np.where(known & (theirs < mine), 2, 4))
    wished = people.wished_directions[a]
    way = np.where(wished == 0, 0, np.where(wished & bit, 1, -1))
    theirs_wished = np.isin(a * people.sectors + people.sector[b], people.wished_sectors)
    sector = np.where(theirs_wished & (people.sector[b] >= 0), 1, -1)
    sector = np.where(people.wishes_sectors[a], sector, 0)
    return bit, way, sector, np.where(known, np.abs(mine - theirs), 0)


def test_ways_and_wishes_are_those_of_arrays(people: People, pairs: tuple[Any, Any]) -> None:
    bit, way, sector, _ = by_arrays(people, *pairs)
    assert direction(people, *pairs).tolist() == bit.tolist()
    assert [each.tolist() for each in wishes(people, *pairs)] == [way.tolist(), sector.tolist()]


@pytest.mark.parametrize("mentoring", [False, True])
def test_the_odds_of_rules_are_one_sum_in_order(
    people: People, pairs: tuple[Any, Any], draw: np.random.Generator, mentoring: bool
) -> None:
    a, b = pairs
    contacts, interests = draw.integers(0, 900, PAIRS), draw.integers(0, 9, PAIRS)
    profession, same, place = (draw.random(PAIRS) < 0.5 for _ in range(3))
    offer, need, closeness = (draw.random(PAIRS) for _ in range(3))
    effort, busy = draw.uniform(-1.0, 1.0, PAIRS), draw.random(SIZE)
    weights = POLICY.affinity
    bit, way, sector, steps = by_arrays(people, a, b)
    summed = (
        weights.start
        + weights.wished_direction * way
        + weights.wished_sector * sector
        + weights.level_step * steps
        + weights.upward * (bit == 1)
        + weights.mutual_contacts * np.log1p(contacts)
        + weights.shared_interests * np.log1p(interests)
        + weights.offer_meets_need * offer
        + weights.need_met_by_offer * need
        + weights.same_profession * profession
        + weights.same_sector * same
        + weights.same_place * place
        + weights.busy * busy[a]
        + weights.one_sided * np.maximum(effort, 0.0)
        + weights.mentoring * mentoring
        + weights.closeness * closeness
    )
    nothing = np.zeros(PAIRS, dtype=np.int64)
    common = Shared(contacts, interests, same, profession, place, same, closeness, closeness)
    odds = rule_odds(
        weights,
        people,
        a,
        b,
        common,
        for_a=Match(offer, nothing, nothing),
        for_b=Match(need, nothing, nothing),
        busy=busy,
        effort=effort,
        closeness=closeness,
        mentoring=mentoring,
    )
    assert odds.tobytes() == summed.tobytes()


def test_a_logarithm_is_the_same_number_wherever_it_stands(draw: np.random.Generator) -> None:
    counts = draw.integers(0, 3_000, 4_001)
    assert np.log1p(counts).tobytes() == leanings.logs_of(counts)[counts].tobytes()


def test_of_no_pairs_there_are_no_odds() -> None:
    assert leanings.logs_of(np.empty(0, dtype=np.int64)).tolist() == [0.0]
