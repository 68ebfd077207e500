"""A stated share of slots goes to pairs drawn at random, with the odds of each draw on record.

What the matcher would never choose is never learned about. Weighing the answers to drawn pairs by
1 / propensity estimates without bias what another choice for these slots would have brought (Horvitz
and Thompson, 1952), among candidates of enough worth.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crosstie.matching.arrays import MILLION, Bools, Draws, Ints, Places

_STEP = 0x9E3779B97F4A7C15  # of SplitMix64, after Steele, Lea and Flood, OOPSLA 2014


@dataclass(frozen=True, slots=True)
class Drawn:
    """By pair: whether it was drawn, for which end (0 or 1), and how likely among that end's."""

    chosen: Bools
    end: NDArray[np.int8]
    propensity: Places  # millionths, given that the slot explores

    def part(self, part: slice | Bools) -> Drawn:
        """Of some of the pairs."""
        return Drawn(self.chosen[part], self.end[part], self.propensity[part])

    def odds(self, which: Ints) -> Iterator[dict[str, int]]:
        """Of the pairs `which`: whose slot drew it, and how likely; nothing of those not drawn."""
        columns = (self.chosen[which], self.end[which], self.propensity[which])
        for chosen, end, likely in zip(*(each.tolist() for each in columns), strict=True):
            yield {("propensity_first", "propensity_second")[end]: likely} if chosen else {}


def explore(
    one: Ints, other: Ints, worth: Ints, slots: Ints, turns: Bools, share: float, order: Draws
) -> Drawn:
    """Slots of whoever's turn it is, each with odds of share / 2, filled with any of their pairs.

    A pair takes two slots, hence the half. One member draws after another, in an order that is drawn
    too, among their pairs of worth above 0 whose other end still has a slot: one in so many as were
    left then is the propensity, exact whatever came before. `order` is a hash of (seed, subject), so
    that anyone can draw again.
    """
    size = len(one)
    drawn = Drawn(np.zeros(size, np.bool_), np.zeros(size, np.int8), np.zeros(size, np.int32))
    sittings = _sittings(slots, turns, share / 2.0, order)
    if not sittings:
        return drawn
    pairs_of = _pairs_of({member for _, member in sittings}, one, other, worth, len(slots))
    left: list[int] = slots.tolist()
    for draw, member in sittings:
        open_ = [
            k
            for k in pairs_of[member]
            if not drawn.chosen[k] and left[int(other[k] if one[k] == member else one[k])] > 0
        ]
        if not open_ or left[member] == 0:
            continue
        pair = open_[draw % len(open_)]
        drawn.chosen[pair] = True
        drawn.propensity[pair] = MILLION // len(open_)
        drawn.end[pair] = int(other[pair] == member)
        for end in (int(one[pair]), int(other[pair])):
            left[end] -= 1
    return drawn


def _sittings(slots: Ints, turns: Bools, odds: float, order: Draws) -> list[tuple[int, int]]:
    """A draw and a member for every slot that explores, in the order of the draws."""
    found: list[tuple[int, int]] = []
    threshold = np.uint64(min(int(odds * 2.0**64), 2**64 - 1))
    ready = np.flatnonzero(turns & (slots > 0))
    for nth in range(int(slots[ready].max(initial=0)) if odds > 0 else 0):
        ready = ready[slots[ready] > nth]
        members = ready[_mixed(order[ready], 2 * nth + 1) < threshold]
        again = _mixed(order[members], 2 * nth + 2)
        found.extend(zip(again.tolist(), members.tolist(), strict=True))
    return sorted(found)


def _pairs_of(
    members: set[int], one: Ints, other: Ints, worth: Ints, size: int
) -> dict[int, list[int]]:
    """The pairs of worth of each of `members`, ascending; there are `size` of whom they may be."""
    wanted = np.zeros(size, dtype=np.bool_)
    wanted[list(members)] = True
    theirs = np.flatnonzero((worth > 0) & (wanted[one] | wanted[other]))
    found: dict[int, list[int]] = {member: [] for member in members}
    for k in theirs.tolist():
        for end in (int(one[k]), int(other[k])):
            if end in found:
                found[end].append(k)
    return found


def _mixed(values: Draws, nth: int) -> Draws:
    """The `nth` number that SplitMix64 draws from each of `values`."""
    values = values + np.uint64(nth * _STEP % 2**64)
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Draws = mixed ^ (mixed >> np.uint64(31))
    return result
