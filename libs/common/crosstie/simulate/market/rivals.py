"""Other ways to choose among the pairs of a round: everybody gets the best of their own list."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from crosstie.matching import pacing
from crosstie.matching.arrays import MILLION, Bools, Floats, Ints
from crosstie.matching.choosing import Choice
from crosstie.matching.step import Course
from crosstie.network.view import Network
from crosstie.simulate.rounds import Choose

Rank = Callable[[Floats, Floats, int], tuple[Floats, Floats]]
"""From p(one accepts) and p(other accepts) of all pairs, and a seed: how each side ranks them."""


def at_random(mine: Floats, theirs: Floats, seed: int) -> tuple[Floats, Floats]:
    draw = np.random.default_rng(seed)
    return draw.random(len(mine)), draw.random(len(theirs))


def by_own_preference(mine: Floats, theirs: Floats, _seed: int) -> tuple[Floats, Floats]:
    return mine, theirs


def by_product(mine: Floats, theirs: Floats, _seed: int) -> tuple[Floats, Floats]:
    return mine * theirs, mine * theirs


def by_harmonic_mean(mine: Floats, theirs: Floats, _seed: int) -> tuple[Floats, Floats]:
    mean = 2.0 * mine * theirs / np.maximum(mine + theirs, 1e-9)
    return mean, mean


RANKS: Mapping[str, Rank] = {
    "random": at_random,
    "top-k": by_own_preference,
    "product": by_product,
    "harmonic mean": by_harmonic_mean,
}


def rival(rank: Rank) -> Choose:
    """A round in which each member gets, for every free slot, the next best of their candidates.

    The candidates, their estimates and the mentorings are those of the round itself. Introductions
    that one's own list brings do not wait for room on the other's side: that is what lists do.
    """

    def choose(found: Course, network: Network, at: int) -> Course:
        if found.maker is None:
            return found
        mentoring, *others = found.choices
        scorer, policy = found.maker.scorer, found.maker.policy
        slots = np.array(
            [
                pacing.slots(network, found.settled, policy, each, at)[0]
                for each in scorer.people.subjects
            ],
            dtype=np.int64,
        )
        one, other = (
            np.concatenate([getattr(each, name) for each in others]) for name in ("one", "other")
        )
        accepts = scorer.score(one, other, mentoring=False).accepts
        first, second = rank(accepts[0] / MILLION, accepts[1] / MILLION, found.maker.occasion.n)
        chosen = _best(one, first, slots) | _best(other, second, slots)
        ends = np.cumsum([0, *(len(each.one) for each in others)])
        return replace(found, choices=(mentoring, *_split(others, chosen, ends)))

    return choose


def _split(others: list[Choice], chosen: Bools, ends: Ints) -> list[Choice]:
    spans = pairwise(ends.tolist())
    return [
        replace(each, chosen=chosen[low:high], drawn=None)
        for each, (low, high) in zip(others, spans, strict=True)
    ]


def _best(member: Ints, rank: Floats, slots: Ints) -> Bools:
    """For each member as many of their pairs as they have slots, the best first."""
    order = np.lexsort((-rank, member))
    grouped = member[order]
    nth = np.arange(len(order)) - np.searchsorted(grouped, grouped)
    kept = np.zeros(len(member), dtype=np.bool_)
    kept[order[nth < slots[grouped]]] = True
    return kept
