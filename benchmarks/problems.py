"""Seeded assignment problems, and what is wrong with an answer to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from crosstie.matching import policy as policies
from crosstie.matching.arrays import MILLION, Bools, Ints

MOST_GAP = 3  # levels that a mentor may be above
LEVELS = 7


@dataclass(frozen=True, slots=True)
class Problem:
    """Pairs (one[k], other[k]) of people with `slots`; in a mentoring `one` is the mentor.

    `step` is what each further mentee of a mentor costs.
    """

    kind: str
    one: Ints
    other: Ints
    worth: Ints
    slots: Ints
    level: Ints
    step: int = 0

    def value(self, chosen: Bools) -> int:
        """Worth of what was chosen, less what full hands cost."""
        given = np.bincount(self.one[chosen], minlength=len(self.slots))
        return int(self.worth[chosen].sum() - self.step * (given * (given - 1) // 2).sum())

    def wrong(self, chosen: Bools) -> dict[str, int]:
        """Slots given that nobody has, and mentors who are not above, or too far."""
        both = np.concatenate([self.one[chosen], self.other[chosen]])
        over = np.bincount(both, minlength=len(self.slots)) - self.slots
        found = {"over_slots": int(np.maximum(over, 0).sum())}
        if self.kind == "mentoring":
            found["grade"] = int(np.count_nonzero(chosen & ~self.allowed))
        return found

    @property
    def allowed(self) -> Bools:
        """Pairs whose mentor is above by 1 to 3 levels."""
        gap = self.level[self.one] - self.level[self.other]
        return np.asarray((gap >= 1) & (gap <= MOST_GAP))


def mentors(size: int, seed: int = 1) -> Problem:
    """`size` mentors with one to three slots, as many mentees with one; all pairs, a popular few."""
    draw = np.random.default_rng(seed)
    mentor, mentee = (each.ravel() for each in np.indices((size, size)))
    level = np.concatenate([draw.integers(3, LEVELS + 1, size), draw.integers(1, LEVELS, size)])
    slots = np.concatenate([draw.integers(1, 4, size), np.ones(size, dtype=np.int64)])
    worth = _worth(draw, draw.beta(1, 4, size)[mentor], len(mentor))
    return Problem("mentoring", mentor, mentee + size, worth, slots, level, _step())


def candidates(size: int, seed: int = 1) -> Problem:
    """`size` mentees with 20 candidates each among half as many mentors, the popular in many lists."""
    draw, many = np.random.default_rng(seed), max(size // 2, 40)
    level = np.concatenate([draw.integers(4, 6, many), draw.integers(2, 4, size)])
    slots = np.concatenate([draw.integers(1, 4, many), np.ones(size, dtype=np.int64)])
    mentee = np.repeat(np.arange(size), 20)
    mentor = (many * draw.random(len(mentee)) ** 1.5).astype(np.int64)
    keys = np.unique(mentee * many + mentor)
    mentee, mentor = keys // many, keys % many
    worth = _worth(draw, draw.beta(1, 4, many)[mentor], len(mentor))
    return Problem("mentoring", mentor, mentee + many, worth, slots, level, _step())


def introductions(size: int, seed: int = 1) -> Problem:
    """`size` people with two slots and 20 candidates each, most of them near."""
    draw = np.random.default_rng(seed)
    a = np.repeat(np.arange(size), 20)
    near = (a + draw.integers(-60, 61, len(a))) % size
    b = np.where(draw.random(len(a)) < 0.8, near, draw.integers(0, size, len(a)))
    low, high = np.minimum(a, b), np.maximum(a, b)
    keys = np.unique((low * size + high)[low < high])
    a, b = keys // size, keys % size
    popular = draw.beta(1, 4, size)
    worth = _worth(draw, (popular[a] + popular[b]) / 2, len(a))
    slots = np.full(size, 2, dtype=np.int64)
    return Problem("introductions", a, b, worth, slots, np.zeros(size, dtype=np.int64))


PROBLEMS: Mapping[str, Callable[[int], Problem]] = {
    "mentors": mentors,
    "candidates": candidates,
    "introductions": introductions,
}


def _worth(draw: np.random.Generator, popular: np.ndarray, count: int) -> Ints:
    """Millionths: half of it how popular one is, half a matter of taste."""
    return np.rint(MILLION * (popular + draw.random(count)) / 2).astype(np.int64)


def _step() -> int:
    """As production calls it."""
    return round(policies.load(policies.DEFAULT).value.slot_step * MILLION)
