"""Compiled: what a pair is worth, about: a fast estimate of what rounds score in full."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints, Places
from crosstie.matching.compiled import Compiled


class Traits(NamedTuple):
    """What an estimate knows of every member."""

    sector: Ints
    profession: Ints
    place: Ints
    level: Ints
    directions: Ints  # wished, bits
    wishes_sectors: Bools
    wish_ptr: Ints
    wish_to: Ints
    interest_ptr: Places
    interest_to: Places
    contacts: Ints
    busy: Floats
    gain: Floats  # of an introduction, whoever the other is


class Weights(NamedTuple):
    """The policy's, as far as an estimate follows it."""

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
    bridging: float
    best_overlap: float
    bridging_floor: float
    structural_hole: float
    contrast: float
    cross_sector: float
    complement: float


def _estimates(
    one: Any, other: Any, mutual: Any, gets: Any, gives: Any, traits: Any, weights: Any
) -> Any:
    """Of every pair (one[k], other[k]), who share `mutual` contacts; what they get and give: likeness."""
    worth = np.empty(len(one))
    for k in range(len(one)):
        alike = 0
        i, j = traits.interest_ptr[one[k]], traits.interest_ptr[other[k]]
        while i < traits.interest_ptr[one[k] + 1] and j < traits.interest_ptr[other[k] + 1]:
            mine, theirs = traits.interest_to[i], traits.interest_to[j]
            alike += mine == theirs
            i += mine <= theirs
            j += theirs <= mine
        a, b = one[k], other[k]
        levels = traits.level[a] > 0 and traits.level[b] > 0
        sectors = traits.sector[a] >= 0 and traits.sector[b] >= 0
        professions = traits.profession[a] >= 0 and traits.profession[b] >= 0
        steps = abs(traits.level[a] - traits.level[b]) if levels else 0
        crossing = sectors and traits.sector[a] != traits.sector[b]
        mixed = professions and traits.profession[a] != traits.profession[b]
        near = traits.place[a] == traits.place[b] and traits.place[a] >= 0
        both = (
            weights.start
            + weights.level_step * steps
            + weights.mutual_contacts * np.log1p(mutual[k])
            + weights.shared_interests * np.log1p(alike)
            + weights.same_profession * (professions and not mixed)
            + weights.same_sector * (sectors and not crossing)
            + weights.same_place * near
        )
        accept = 1.0
        for side in range(2):
            a, b = (one[k], other[k]) if side == 0 else (other[k], one[k])
            for_a, for_b = (gets[k], gives[k]) if side == 0 else (gives[k], gets[k])
            odds = both + weights.busy * traits.busy[a]
            odds += weights.offer_meets_need * for_a + weights.need_met_by_offer * for_b
            bit = 4  # as people.DIRECTIONS
            if levels and steps > 0:
                bit = 1 if traits.level[b] > traits.level[a] else 2
            odds += weights.upward * (bit == 1)
            if traits.directions[a] != 0:
                wished = traits.directions[a] & bit != 0
                odds += weights.wished_direction * (1.0 if wished else -1.0)
            if traits.wishes_sectors[a]:
                wished = False
                for w in range(traits.wish_ptr[a], traits.wish_ptr[a + 1]):
                    wished |= traits.wish_to[w] == traits.sector[b]
                odds += weights.wished_sector * (1.0 if wished else -1.0)
            accept *= 1.0 + np.exp(-odds)
        ratio = mutual[k] / weights.best_overlap
        floor = weights.bridging_floor
        fewer = min(traits.contacts[a], traits.contacts[b])
        answer = max(gets[k], gives[k])
        gain = (
            weights.bridging * (floor + (1.0 - floor) * ratio * np.exp(1.0 - ratio))
            + weights.structural_hole * (1.0 - mutual[k] / fewer if fewer > 0 else 0.0)
            + weights.cross_sector * crossing
            + weights.complement * answer
            + traits.gain[a]
            + traits.gain[b]
        )
        if mutual[k] > 0 or alike > 0 or answer > 0:
            known = max(levels + sectors + professions, 1)
            gain += weights.contrast * ((steps > 0) + crossing + mixed) / known
        worth[k] = max(gain, 0.0) / accept
    return worth


estimates = Compiled(_estimates)
