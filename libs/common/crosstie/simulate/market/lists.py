"""Ways of making everyone's list: what others do, and what a crosstie round does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crosstie.matching import assignment, policy
from crosstie.matching.arrays import Bools, Floats, Ints, millionths
from crosstie.matching.congestion import equilibrium, shortlist
from crosstie.simulate.market.preferences import Likes, Setting

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Lists:
    """left[i] is whom i of the left is shown, best place first; NOBODY leaves a place empty."""

    left: Ints
    right: Ints


Way = Callable[[Likes, Setting], Lists]
Kept = Callable[[Ints, Ints, Ints, Ints, int], Bools]


def at_random(likes: Likes, setting: Setting) -> Lists:
    draw = np.random.default_rng((setting.seed, 2))
    left, right = (draw.random(each.shape) for each in (likes.left, likes.right))
    return _ranked(left, right, setting.places)


def by_own_preference(likes: Likes, setting: Setting) -> Lists:
    return _ranked(likes.left, likes.right, setting.places)


def by_product(likes: Likes, setting: Setting) -> Lists:
    return _ranked(likes.mutual, likes.mutual.T, setting.places)


def by_harmonic_mean(likes: Likes, setting: Setting) -> Lists:
    mean = 2.0 * likes.mutual / (likes.left + likes.right.T)
    return _ranked(mean, mean.T, setting.places)


def by_equilibrium(likes: Likes, setting: Setting) -> Lists:
    """Lists ranked by how often a pair forms at market prices, without an assignment."""
    one, other, worth, slots = _everyone(likes)
    flow = equilibrium(one, other, worth, slots).flow.reshape(likes.left.shape)
    return _ranked(flow.astype(np.float64), flow.T.astype(np.float64), setting.places)


def by_crosstie(likes: Likes, setting: Setting) -> Lists:
    """A round per place, one free slot each: the production short list and assignment."""
    return _rounds(likes, setting, _likeliest)


def by_crosstie_without_prices(likes: Likes, setting: Setting) -> Lists:
    """The same rounds from a short list of everyone's worthiest pairs: what prices change."""
    return _rounds(likes, setting, _worthiest)


WAYS: Mapping[str, Way] = {
    "random": at_random,
    "own preference": by_own_preference,
    "product": by_product,
    "harmonic mean": by_harmonic_mean,
    "equilibrium": by_equilibrium,
    "crosstie, no prices": by_crosstie_without_prices,
    "crosstie": by_crosstie,
}


def _ranked(left: Floats, right: Floats, places: int) -> Lists:
    first = (np.argsort(-each, axis=1, kind="stable")[:, :places] for each in (left, right))
    return Lists(*first)


def _everyone(likes: Likes) -> tuple[Ints, Ints, Ints, Ints]:
    """All pairs, by left then right, members of the right after those of the left; a slot each."""
    rows, columns = likes.left.shape
    one, other = (each.ravel() for each in np.indices(likes.left.shape))
    slots = np.ones(rows + columns, dtype=np.int64)
    return one, other + rows, millionths(likes.mutual).ravel(), slots


def _rounds(likes: Likes, setting: Setting, kept: Kept) -> Lists:
    most = policy.load(policy.DEFAULT).candidates.shortlist
    one, other, worth, slots = _everyone(likes)
    rows, columns = likes.left.shape
    left = np.full((rows, setting.places), NOBODY)
    right = np.full((columns, setting.places), NOBODY)
    for place in range(setting.places):
        pairs = np.flatnonzero(worth > 0)
        open_ = pairs[kept(one[pairs], other[pairs], worth[pairs], slots, most)]
        chosen, _ = assignment.introductions(one[open_], other[open_], worth[open_], slots)
        made = open_[chosen]
        i, j = one[made], other[made] - rows
        left[i, place], right[j, place] = j, i
        worth[made] = 0  # a pair is suggested once
    return Lists(left, right)


def _likeliest(one: Ints, other: Ints, worth: Ints, slots: Ints, most: int) -> Bools:
    kept, _ = shortlist(one, other, worth, slots, most)
    return kept


def _worthiest(one: Ints, other: Ints, worth: Ints, _slots: Ints, most: int) -> Bools:
    kept = np.zeros(len(one), dtype=np.bool_)
    for end in (one, other):
        order = np.lexsort((-worth, end))
        grouped = end[order]
        nth = np.arange(len(order)) - np.searchsorted(grouped, grouped)
        kept[order[nth < most]] = True
    return kept
