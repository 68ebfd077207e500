"""Compiled: what a pair is worth, about: a fast estimate of what rounds score in full."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from crosstie.matching import leanings
from crosstie.matching.arrays import Floats, Ints, Places
from crosstie.matching.compiled import Compiled
from crosstie.matching.leanings import UP, bit, toward

SECTOR, PROFESSION, PLACE, LEVEL, DIRECTIONS, WISHES, CONTACTS, INTERESTS = range(8)
BUSY, GAIN = range(2)


class Traits(NamedTuple):
    """What an estimate knows of every member: a row each, so that one look at memory brings all."""

    said: Ints  # by member, then by SECTOR and so on; of interests a mask of 64 bits
    standing: Floats  # by member, then by BUSY and GAIN: of an introduction, whoever the other is
    wish_ptr: Ints
    wish_to: Ints
    interest_ptr: Places
    interest_to: Places
    logs: Floats  # natural log of 1 + count, of small counts


class Weights(NamedTuple):
    """The policy's, as far as an estimate follows it."""

    odds: leanings.Weights
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
    said, standing, logs = traits.said, traits.standing, traits.logs
    rules = weights.odds
    floor = weights.bridging_floor
    for k in range(len(one)):
        a, b = one[k], other[k]
        alike = 0
        if said[a, INTERESTS] & said[b, INTERESTS]:
            i, j = traits.interest_ptr[a], traits.interest_ptr[b]
            while i < traits.interest_ptr[a + 1] and j < traits.interest_ptr[b + 1]:
                mine, theirs = traits.interest_to[i], traits.interest_to[j]
                alike += mine == theirs
                i += mine <= theirs
                j += theirs <= mine
        levels = said[a, LEVEL] > 0 and said[b, LEVEL] > 0
        sectors = said[a, SECTOR] >= 0 and said[b, SECTOR] >= 0
        professions = said[a, PROFESSION] >= 0 and said[b, PROFESSION] >= 0
        steps = abs(said[a, LEVEL] - said[b, LEVEL]) if levels else 0
        crossing = sectors and said[a, SECTOR] != said[b, SECTOR]
        mixed = professions and said[a, PROFESSION] != said[b, PROFESSION]
        near = said[a, PLACE] == said[b, PLACE] and said[a, PLACE] >= 0
        both = (
            rules.start
            + rules.level_step * steps
            + rules.mutual_contacts * logs[min(mutual[k], len(logs) - 1)]
            + rules.shared_interests * logs[min(alike, len(logs) - 1)]
            + rules.same_profession * (professions and not mixed)
            + rules.same_sector * (sectors and not crossing)
            + rules.same_place * near
        )
        accept = 1.0
        for side in range(2):
            a, b = (one[k], other[k]) if side == 0 else (other[k], one[k])
            for_a, for_b = (gets[k], gives[k]) if side == 0 else (gives[k], gets[k])
            odds = both + rules.busy * standing[a, BUSY]
            odds += rules.offer_meets_need * for_a + rules.need_met_by_offer * for_b
            way = bit(said[a, LEVEL], said[b, LEVEL])
            odds += rules.upward * (way == UP)
            odds += rules.wished_direction * toward(said[a, DIRECTIONS], way)
            if said[a, WISHES]:
                wished = False
                for w in range(traits.wish_ptr[a], traits.wish_ptr[a + 1]):
                    wished |= traits.wish_to[w] == said[b, SECTOR]
                odds += rules.wished_sector * (1.0 if wished else -1.0)
            accept *= 1.0 + np.exp(-odds)
        bridge = floor
        if mutual[k] > 0:
            ratio = mutual[k] / weights.best_overlap
            bridge = floor + (1.0 - floor) * ratio * np.exp(1.0 - ratio)
        fewer = min(said[a, CONTACTS], said[b, CONTACTS])
        answer = max(gets[k], gives[k])
        gain = (
            weights.bridging * bridge
            + weights.structural_hole * (1.0 - mutual[k] / fewer if fewer > 0 else 0.0)
            + weights.cross_sector * crossing
            + weights.complement * answer
            + standing[a, GAIN]
            + standing[b, GAIN]
        )
        if mutual[k] > 0 or alike > 0 or answer > 0:
            known = max(levels + sectors + professions, 1)
            gain += weights.contrast * ((steps > 0) + crossing + mixed) / known
        worth[k] = max(gain, 0.0) / accept
    return worth


estimates = Compiled(_estimates)


def alone(one: Ints, other: Ints, traits: Traits, weights: Weights) -> Floats:
    """Worth of pairs as if they shared nothing but what is said of each."""
    nothing, unlike = np.zeros(len(one), dtype=np.int32), np.zeros(len(one))
    worth: Floats = estimates(one, other, nothing, unlike, unlike, traits, weights)
    return worth
