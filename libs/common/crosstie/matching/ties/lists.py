"""Lists of candidates, one per member, and signals made comparable within a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crosstie.matching import arrays
from crosstie.matching.arrays import Floats, Ints
from crosstie.matching.ties import kernels
from crosstie.matching.ties.history import History

SMALL = 1_500  # members; up to here everyone with a tie is a candidate, above who is two ties away
MOST_CANDIDATES = 500  # per member, above SMALL
BLOCK = 300_000  # pairs looked at together

Table = NDArray[np.float32]


@dataclass(frozen=True)  # no slots: what follows from both is cached
class Lists:
    """Ordered pairs (member[k], candidate[k]), each list in one piece, members ascending."""

    member: Ints
    candidate: Ints

    def __len__(self) -> int:
        return len(self.member)

    @cached_property
    def starts(self) -> Ints:
        """Where each list begins, and the end."""
        cuts = np.flatnonzero(self.member[1:] != self.member[:-1]) + 1
        ends = [len(self)] if len(self) else []
        return np.concatenate([[0], cuts, ends]).astype(np.int64)

    @cached_property
    def number(self) -> Ints:
        """Of each pair, the number of its list."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def blocks(self) -> Iterator[Lists]:
        """The same lists, whole ones, some at a time: bounds memory."""
        block = self.starts[:-1] // BLOCK
        cuts = self.starts[1:-1][np.diff(block) > 0]
        members, others = np.split(self.member, cuts), np.split(self.candidate, cuts)
        for one, other in zip(members, others, strict=True):
            yield Lists(one, other)

    def path(self, one: csr_array, two: csr_array) -> Floats:
        """What flows along `one`, then `two`, from member to candidate."""
        return self.paths(one, two, None)[0]

    def paths(
        self, one: csr_array, two: csr_array, three: csr_array | None
    ) -> tuple[Floats, Floats]:
        """What flows along two steps, and along three."""
        return kernels.walk(
            one,
            two,
            three,
            members=self.member[self.starts[:-1]],
            starts=self.starts,
            candidates=self.candidate,
        )


Signals = Callable[[Lists], dict[str, Floats]]  # by name, a number per pair


def candidates(history: History, members: Ints | None = None) -> Lists:
    """Whom each member might come to know: see SMALL. Known ones and oneself are left out."""
    size = len(history.who)
    asked = np.arange(size) if members is None else members
    if len(asked) == 0 or len(history) == 0:
        return Lists(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    warm, ties = np.flatnonzero(history.warm), history.ties
    asked = asked[history.warm[asked]].astype(np.int64)
    starts, found = kernels.within(
        asked,
        *arrays.sparse(ties)[:2],
        MOST_CANDIDATES,
        warm,
        size <= SMALL,
        kernels.EVERY_TIE,
    )
    return Lists(np.repeat(asked, np.diff(starts)), found)


def standardised(signals: Mapping[str, Floats], lists: Lists, names: tuple[str, ...]) -> Table:
    """A column per name: mean 0 and deviation 1 within each list; 0 where all are equal.

    So neither size nor density nor pace of a network matters to the weights.
    """
    out = np.zeros((len(lists), len(names)), dtype=np.float32, order="F")
    if len(lists) == 0:
        return out
    starts, number = lists.starts[:-1], lists.number
    size = np.diff(lists.starts)
    for column, name in enumerate(names):
        if name not in signals:
            continue
        value = signals[name]
        apart = value - (np.add.reduceat(value, starts) / size)[number]
        deviation = np.sqrt(np.add.reduceat(apart * apart, starts) / size)
        flat = deviation <= 1e-9 * np.maximum(np.maximum.reduceat(np.abs(value), starts), 1e-30)
        scale = np.where(flat, 0.0, 1 / np.maximum(deviation, 1e-300))
        out[:, column] = np.clip(apart * scale[number], -4, 6)
    return out
