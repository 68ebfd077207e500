"""Learn from a network's own past which ties form.

Signals are standardised within each member's list; their weights are shrunk, narrowly for those that
change with the seasons, widely for those that last. A second fit has only the lasting ones; the
score is the sum of both. Weights for lists across sectors, and of seniors, are held near the general.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints, contains
from crosstie.matching.ties import logit
from crosstie.matching.ties.history import History
from crosstie.matching.ties.lists import Lists, Table, candidates, standardised
from crosstie.matching.ties.logit import Choices
from crosstie.matching.ties.model import TieModel, across, upward
from crosstie.matching.ties.past import lessons
from crosstie.matching.ties.signals import LASTING, LIKELY, signals

MOST_LISTS = 750  # per earlier state
NEGATIVES = 100  # pairs per list that did not come, sampled
PRIOR = 0.02  # weight of each LIKELY signal before anything was learned
WIDE, NARROW = 50.0, 200.0  # precisions
TIGHTER = 5.0  # are the weights of one direction held to the general ones


@dataclass(frozen=True, slots=True)
class _Taught:
    """Some lists of one earlier state, sampled."""

    names: tuple[str, ...]
    table: Table
    lists: Lists
    came: Bools
    stands_for: Floats


def fit(history: History, seed: int = 0) -> TieModel:
    """The model that this past supports; without one, what is believed beforehand."""
    states = [
        [*_taught(before, _keys(history, new), (seed, number))]
        for number, (before, new) in enumerate(lessons(history, seed))
    ]
    taught = [part for state in states for part in state]
    names = tuple(sorted({name for part in taught for name in part.names} or LIKELY))
    prior = np.array([PRIOR * (name in LIKELY) for name in names])
    if not taught:
        return _model(names, 2 * prior, 2 * prior, 2 * prior, 0)
    choices = _joined(taught, names, sum(map(bool, states)))
    lasting = np.array([name in LASTING for name in names])
    precision = np.where(lasting, WIDE, NARROW)
    general = logit.fit(choices, precision, prior)
    plain = np.zeros(len(names))
    plain[lasting] = logit.fit(choices.of(lasting), precision[lasting], prior[lasting])

    def held(pairs: Bools) -> Floats:
        own = choices.only(pairs)
        return general if own is None else logit.fit(own, TIGHTER * precision, general)

    cross = np.concatenate([across(history, part.lists) for part in taught])
    up = np.concatenate([upward(history, part.lists) for part in taught])
    return _model(names, general + plain, held(cross) + plain, held(up) + plain, len(choices.vote))


def _keys(history: History, new: Ints) -> Ints:
    """One number per ordered pair of these ties, ascending."""
    a, b, size = history.a[new], history.b[new], len(history.who)
    return np.sort(np.concatenate([a * size + b, b * size + a]))


def _taught(before: History, came: Ints, seed: tuple[int, int]) -> Iterator[_Taught]:
    """The lists in which a tie came: all these ties, and a sample of the pairs that did not come."""
    size = len(before.who)
    members = np.unique(came // size)
    rng = np.random.default_rng(seed)
    if len(members) > MOST_LISTS:
        members = np.sort(rng.choice(members, MOST_LISTS, replace=False))
    lists = candidates(before, members)
    found = contains(came, lists.member * size + lists.candidate)
    useful = np.isin(lists.member, lists.member[found])
    lists = Lists(lists.member[useful], lists.candidate[useful])
    if len(lists) == 0:
        return
    known = signals(before)
    for block in lists.blocks():
        found = contains(came, block.member * size + block.candidate)
        others = np.bincount(block.number[~found], minlength=len(block.starts) - 1)
        rate = np.minimum(1.0, NEGATIVES / np.maximum(others, 1))[block.number]
        kept = found | (rng.random(len(block)) < rate)
        told = known(block)
        names = tuple(sorted(told))
        yield _Taught(
            names,
            standardised(told, block, names)[kept],
            Lists(block.member[kept], block.candidate[kept]),
            found[kept],
            np.where(found, 1.0, 1 / rate)[kept],
        )


def _joined(parts: list[_Taught], names: tuple[str, ...], states: int) -> Choices:
    """All lists in one. The states tell much the same things: a list counts by their number less."""
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((sum(len(part.lists) for part in parts), len(names)), dtype=np.float32)
    row = 0
    for part in parts:
        table[row : row + len(part.lists), [place[name] for name in part.names]] = part.table
        row += len(part.lists)
    counts = [len(part.lists.starts) - 1 for part in parts]
    before = np.cumsum([0, *counts[:-1]])
    number = [part.lists.number + k for part, k in zip(parts, before, strict=True)]
    return Choices(
        signals=table,
        number=np.concatenate(number),
        came=np.concatenate([part.came for part in parts]),
        stands_for=np.concatenate([part.stands_for for part in parts]),
        vote=np.full(sum(counts), 1 / states),
    )


def _model(
    names: tuple[str, ...], general: Floats, cross: Floats, up: Floats, lists: int
) -> TieModel:
    one, two, three = (tuple(each.tolist()) for each in (general, cross, up))
    return TieModel(names, one, two, three, lists)
