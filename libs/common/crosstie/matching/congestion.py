"""Who would end up with whom if everybody's time had a price: the short list for the assignment.

Keeping each member's best pairs fills every list with the few whom all would like to meet, and the
assignment then finds nobody for the rest. Pairs are kept by how often they would form in equilibrium
of a market with transferable utility: there, whoever is in demand costs the others what they forgo.

Choo and Siow, Who marries whom and why, JPE 114 (2006). Solved by proportional fitting: Galichon and
Salanié, Cupid's invisible hand, REStud 89 (2022); for ranked lists: Tomita et al., RecSys 2023.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.matching import ends
from crosstie.matching.arrays import MILLION, Bools, Floats, Ints, Places, millionths

TEMPERATURE = 0.2  # how much tastes differ beyond worth, as a share of the mean worth
STEEPEST = 200.0  # exponents above are cut: a pair worth 80 times the mean forms anyway
MOST_ITERATIONS = 60
SETTLED = 1e-6  # slots: fitting ends when every member's are accounted for so far


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """All in millionths; a member's `flow`s and `alone` are their slots, give or take `unsettled`."""

    flow: Ints  # by pair: how often it forms
    alone: Ints  # by member: slots that stay free
    price: Ints  # by member: worth that the market leaves them for a slot; high for those in demand
    unsettled: int


def equilibrium(
    one: Ints, other: Ints, worth: Ints, slots: Ints, *, iterations: int = MOST_ITERATIONS
) -> Equilibrium:
    """The market of the pairs (one[k], other[k]) of `worth` above 0 between members with `slots`.

    Pairs may be of any two members (introductions) or of two groups (mentoring). With x the root of
    the slots that stay free, pair k forms exp(worth / 2T) * x[one] * x[other] times; every member's
    x solves a quadratic given the others', and a geometric mean of old and new ends in its fixed
    point from anywhere. Twice the slots make twice the flows; the scale of worth changes nothing.
    """
    price, alone = np.zeros(len(slots), dtype=np.int64), slots * MILLION
    fits = (worth > 0) & (slots[one] > 0) & (slots[other] > 0)
    if not fits.any():
        return Equilibrium(np.zeros(len(one), dtype=np.int64), alone, price, 0)
    scale = int(worth.sum(where=fits)) / np.count_nonzero(fits)
    pull = worth / (2.0 * TEMPERATURE * scale)
    np.exp(np.minimum(pull, STEEPEST, out=pull), out=pull)
    pull[~fits] = 0.0  # never form
    members = np.zeros(len(slots), dtype=np.bool_)
    for end in (one, other):
        members[end[fits]] = True
    number = np.cumsum(members, dtype=np.int32) - np.int32(1)  # among those who have pairs
    a, b = number[one], number[other]
    have = slots[members].astype(np.float64)
    root, unsettled = _fitted(a, b, pull, have, iterations)
    for end in (a, b):
        pull *= root[end]
    del a, b, end
    alone[members] = millionths(root**2)
    free = root**2 / have
    price[members] = np.rint(-TEMPERATURE * scale * np.log(free)).astype(np.int64)
    return Equilibrium(millionths(pull), alone, price, round(unsettled * MILLION))


def shortlist(
    one: Ints, other: Ints, worth: Ints, slots: Ints, most: int, kinds: tuple[Bools, ...] = ()
) -> tuple[Bools, int]:
    """Which pairs are among the `most` likeliest to form of either of the two, and what is unsettled.

    And a quarter as many within each of `kinds` (masks over pairs), so that no quota runs out of
    candidates.
    """
    worthy = worth > 0
    degree = np.bincount(one[worthy], minlength=len(slots))
    degree += np.bincount(other[worthy], minlength=len(slots))
    if not worthy.any() or degree.max() <= most:
        return worthy, 0
    market = equilibrium(one, other, worth, slots)
    a, b = one.astype(np.int32), other.astype(np.int32)
    first, theirs = ends.by_member(a, b, len(slots))
    del a, b
    kept = np.zeros(len(one), dtype=np.bool_)
    ends.likeliest(first, theirs, market.flow, worthy, most, kept)
    for mask in kinds:
        ends.likeliest(first, theirs, market.flow, worthy & mask, max(most // 4, 1), kept)
    return kept, market.unsettled


def _fitted(
    a: Places, b: Places, pull: Floats, have: Floats, iterations: int
) -> tuple[Floats, float]:
    """Root of what stays free by member, and the most by which a member's slots are off."""
    root = np.sqrt(have)
    unsettled = np.inf
    for _ in range(iterations):
        half = ends.pulled(a, b, pull, root) / 2.0
        unsettled = float(np.abs(root * (root + 2.0 * half) - have).max())
        if unsettled <= SETTLED:
            break
        total = np.sqrt(have + half * half) + half
        root = np.sqrt(root * np.divide(have, total, out=np.zeros_like(have), where=have > 0))
    return root, unsettled
