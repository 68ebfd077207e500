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
from scipy.sparse import csr_array

from crosstie.matching.arrays import MILLION, Bools, Floats, Ints, millionths

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
    flow, price = np.zeros(len(one), dtype=np.int64), np.zeros(len(slots), dtype=np.int64)
    alone = slots * MILLION
    fits = np.flatnonzero((worth > 0) & (slots[one] > 0) & (slots[other] > 0))
    if len(fits) == 0:
        return Equilibrium(flow, alone, price, 0)
    members, place = np.unique(np.concatenate([one[fits], other[fits]]), return_inverse=True)
    a, b = place[: len(fits)], place[len(fits) :]
    scale = float(worth[fits].mean())
    pull = np.exp(np.minimum(worth[fits] / (2.0 * TEMPERATURE * scale), STEEPEST))
    have = slots[members].astype(np.float64)
    root, unsettled = _fitted(_between(a, b, pull, len(members)), have, iterations)
    flow[fits] = millionths(pull * root[a] * root[b])
    alone[members] = millionths(root**2)
    price[members] = np.rint(-TEMPERATURE * scale * np.log(root**2 / have)).astype(np.int64)
    return Equilibrium(flow, alone, price, round(unsettled * MILLION))


def shortlist(
    one: Ints, other: Ints, worth: Ints, slots: Ints, most: int, kinds: tuple[Bools, ...] = ()
) -> tuple[Bools, int]:
    """Which pairs are among the `most` likeliest to form of either of the two, and what is unsettled.

    And a quarter as many within each of `kinds` (masks over pairs), so that no quota runs out of
    candidates.
    """
    worthy = worth > 0
    ends = np.concatenate([one[worthy], other[worthy]])
    if len(ends) == 0 or np.bincount(ends).max() <= most:
        return worthy, 0
    market = equilibrium(one, other, worth, slots)
    kept = _foremost(one, other, market.flow, np.flatnonzero(worthy), most)
    for mask in kinds:
        of_kind = np.flatnonzero(mask & worthy)
        kept |= _foremost(one, other, market.flow, of_kind, max(most // 4, 1))
    return kept, market.unsettled


def _between(a: Ints, b: Ints, pull: Floats, size: int) -> csr_array:
    """Symmetric matrix of `pull`."""
    rows, columns = np.concatenate([a, b]), np.concatenate([b, a])
    return csr_array((np.concatenate([pull, pull]), (rows, columns)), shape=(size, size))


def _fitted(pulls: csr_array, have: Floats, iterations: int) -> tuple[Floats, float]:
    """Root of what stays free by member, and the most by which a member's slots are off."""
    root = np.sqrt(have)
    unsettled = np.inf
    for _ in range(iterations):
        half = np.asarray(pulls @ root) / 2.0
        unsettled = float(np.abs(root * (root + 2.0 * half) - have).max())
        if unsettled <= SETTLED:
            break
        root = np.sqrt(root * (have / (np.sqrt(have + half * half) + half)))
    return root, unsettled


def _foremost(one: Ints, other: Ints, flow: Ints, pairs: Ints, most: int) -> Bools:
    """Which of `pairs` are among the `most` of greatest flow of either end; equal ones in order."""
    ends = np.concatenate([one[pairs], other[pairs]])
    twice = np.concatenate([pairs, pairs])
    order = np.lexsort((twice, -flow[twice], ends))
    grouped = ends[order]
    nth = np.arange(len(grouped)) - np.searchsorted(grouped, grouped)
    kept = np.zeros(len(one), dtype=np.bool_)
    kept[twice[order[nth < most]]] = True
    return kept
