"""A market with pairs chosen already, and what exchanges and paths make of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from crosstie.matching import repairs
from crosstie.matching.assignment import BRANCHES, DEPTH, WIDTH

Array = np.ndarray


class Market(NamedTuple):
    """Pairs between members, which are chosen, and how many free slots each member has left."""

    a: Array
    b: Array
    worth: Array
    chosen: Array
    room: Array

    @classmethod
    def of(cls, pairs: dict[tuple[int, int], int], chosen: str, slots: list[int]) -> Market:
        """`pairs` with what each is worth; `chosen` has a 1 for each that is."""
        a, b = np.array(list(pairs), dtype=np.int64).T
        taken = np.array([each == "1" for each in chosen])
        used = np.bincount(np.concatenate([a[taken], b[taken]]), minlength=len(slots))
        return cls(a, b, np.array(list(pairs.values())), taken, np.array(slots) - used)

    def by_member(self) -> tuple[Array, Array]:
        """Where each member's pairs begin, and the pairs."""
        mine: list[list[int]] = [[] for _ in self.room]
        for pair, ends in enumerate(zip(self.a, self.b, strict=True)):
            for end in ends:
                mine[end].append(pair)
        first = np.cumsum([0, *map(len, mine)])
        return first, np.array([each for some in mine for each in some], dtype=np.int64)

    @property
    def total(self) -> int:
        return int(self.worth[self.chosen].sum())

    @property
    def shown(self) -> str:
        return "".join("1" if each else "0" for each in self.chosen)

    @property
    def used(self) -> Array:
        ends = np.concatenate([self.a[self.chosen], self.b[self.chosen]])
        return np.bincount(ends, minlength=len(self.room))


def exchanged(market: Market, *order: int) -> str:
    first, pairs = market.by_member()
    chosen = market.chosen.copy()
    repairs.exchange(
        np.array(order), chosen, market.a, market.b, market.worth, market.room, first, pairs
    )
    return market._replace(chosen=chosen).shown


def alternated(
    market: Market,
    *starts: int,
    depth: int = DEPTH,
    width: int = WIDTH,
    branches: int = BRANCHES,
) -> Market:
    first, pairs = market.by_member()
    after = market._replace(chosen=market.chosen.copy(), room=market.room.copy())
    repairs.alternate(
        np.array(starts),
        after.chosen,
        after.a,
        after.b,
        after.worth,
        after.room,
        first,
        pairs,
        depth,
        width,
        branches,
    )
    assert (market.used + market.room == after.used + after.room).all()
    assert (after.room >= 0).all()
    return after
