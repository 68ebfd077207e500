"""Compiled, pair by pair: where the other stands, whether that is wished, and what the rules add up."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosstie.matching import policy as rules
from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.matching.compiled import Compiled
from crosstie.matching.ordered import find
from crosstie.matching.people import DIRECTIONS, People

UP, DOWN, ACROSS = (DIRECTIONS[each] for each in ("up", "down", "across"))


class Wishes(NamedTuple):
    """By member: where they stand, and where they wish to look."""

    level: Ints
    sector: Ints
    directions: Ints  # bits; 0 is no preference
    sectors: Bools  # whether they wish for some
    wished: Ints  # member * width + sector, ascending
    width: int


class Weights(NamedTuple):
    """Of `policy.Affinity`, in the order in which they are added."""

    start: float
    wished_direction: float
    wished_sector: float
    level_step: float
    upward: float
    mutual_contacts: float
    shared_interests: float
    offer_meets_need: float
    need_met_by_offer: float
    same_profession: float
    same_sector: float
    same_place: float
    busy: float
    one_sided: float
    mentoring: float
    closeness: float


def wishes_of(people: People) -> Wishes:
    """What `people` say of themselves and of whom they wish for."""
    return Wishes(
        people.level,
        people.sector,
        people.wished_directions,
        people.wishes_sectors,
        people.wished_sectors,
        people.sectors,
    )


def weights_of(weights: rules.Affinity) -> Weights:
    """As kernels take them."""
    return Weights(*(float(getattr(weights, name)) for name in Weights._fields))


def logs_of(*counts: Ints) -> Floats:
    """Natural log of 1 + n, by n up to the greatest of `counts`: many ask for few."""
    most = max(int(each.max(initial=0)) for each in counts)
    return np.log1p(np.arange(most + 1))


def _bit(mine: Any, theirs: Any) -> Any:
    """Of two levels; across where one is unknown."""
    if mine <= 0 or theirs <= 0 or mine == theirs:
        return ACROSS
    return UP if theirs > mine else DOWN


def _leads(level: Any, a: Any, b: Any) -> Any:
    """Bit of DIRECTIONS of every pair: where b[k] stands as a[k] sees them."""
    bits = np.empty(len(a), np.int64)
    for k in range(len(a)):
        bits[k] = bit(level[a[k]], level[b[k]])
    return bits


def _elsewhere(wishes: Any, a: Any, b: Any) -> Any:
    """1 where the sector of b is one that a wishes for, -1 where it is not, 0 where a wishes for none."""
    if not wishes.sectors[a]:
        return 0
    theirs = wishes.sector[b]
    if theirs < 0:
        return -1
    place = find(wishes.wished, 0, len(wishes.wished), a * wishes.width + theirs)
    return 1 if place >= 0 else -1


def _toward(directions: Any, way: Any) -> Any:
    """1 where a wishes for that way, -1 where for others, 0 where for none."""
    if directions == 0:
        return 0
    return 1 if directions & way else -1


def _met(wishes: Any, a: Any, b: Any) -> Any:
    """Of every pair whether the way to b[k] is what a[k] wishes, and whether the sector is."""
    by_way, by_sector = np.empty(len(a), np.int64), np.empty(len(a), np.int64)
    for k in range(len(a)):
        way = bit(wishes.level[a[k]], wishes.level[b[k]])
        by_way[k] = toward(wishes.directions[a[k]], way)
        by_sector[k] = elsewhere(wishes, a[k], b[k])
    return by_way, by_sector


def _added(
    weights: Any,
    wishes: Any,
    common: Any,
    logs: Any,
    a: Any,
    b: Any,
    for_a: Any,
    for_b: Any,
    busy: Any,
    effort: Any,
    closeness: Any,
    mentoring: Any,
) -> Any:
    """Log-odds of every pair, who share what is `common`: one sum, each part in its turn."""
    odds = np.empty(len(a))
    for k in range(len(a)):
        one, other = a[k], b[k]
        mine, theirs = wishes.level[one], wishes.level[other]
        way = bit(mine, theirs)
        steps = 0 if way == ACROSS else abs(mine - theirs)
        odds[k] = (
            weights.start
            + weights.wished_direction * toward(wishes.directions[one], way)
            + weights.wished_sector * elsewhere(wishes, one, other)
            + weights.level_step * steps
            + weights.upward * (way == UP)
            + weights.mutual_contacts * logs[common.contacts[k]]
            + weights.shared_interests * logs[common.interests[k]]
            + weights.offer_meets_need * for_a[k]
            + weights.need_met_by_offer * for_b[k]
            + weights.same_profession * common.profession[k]
            + weights.same_sector * common.sector[k]
            + weights.same_place * common.place[k]
            + weights.busy * busy[one]
            + weights.one_sided * max(effort[k], 0.0)
            + weights.mentoring * mentoring
            + weights.closeness * closeness[k]
        )
    return odds


bit = Compiled(_bit)
elsewhere = Compiled(_elsewhere)
toward = Compiled(_toward)
leads = Compiled(_leads)
met = Compiled(_met)
added = Compiled(_added)
