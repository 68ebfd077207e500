"""Who would like whom: tastes that are partly everybody's, partly one's own.

The synthetic of the literature on reciprocal recommendation: preference = crowding x popularity +
(1 - crowding) x chance (Tomita and Yokoyama, Fair reciprocal recommendation in matching markets,
RecSys 2024). `linear` popularity is theirs; `few` makes one in twenty liked by all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crosstie.errors import Misconfigured
from crosstie.matching.arrays import Floats

POPULARITIES = ("few", "linear")
FEW = 0.05  # share of a side that is liked by all
REST = 0.5  # popularity of the best of the others, falling to 0
LEAST = 0.001  # an estimate is never 0: nobody is ruled out by an error of ours
MOST_PEOPLE = 2000


@dataclass(frozen=True, slots=True)
class Likes:
    """Probabilities: left[i, j] that i of the left accepts j of the right, right[j, i] the converse."""

    left: Floats
    right: Floats

    @property
    def mutual(self) -> Floats:
        """That both accept: a row per left, a column per right."""
        return np.asarray(self.left * self.right.T)


@dataclass(frozen=True, slots=True)
class Setting:
    """A market: `people` on each side; what a matcher sees of a preference is off by about `error`."""

    people: int = 500
    seed: int = 1
    crowding: float = 0.5
    popularity: str = "few"
    error: float = 0.1
    places: int = 10  # length of everyone's list

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("people", self.people, 2, MOST_PEOPLE),
            ("crowding", self.crowding, 0, 1),
            ("error", self.error, 0, 1),
            ("places", self.places, 1, 50),
        ):
            if not low <= value <= high:
                raise Misconfigured(f"{name} is {value}, must be {low} to {high}")
        if self.popularity not in POPULARITIES:
            allowed = ", ".join(POPULARITIES)
            raise Misconfigured(f"popularity is {self.popularity!r}, must be one of {allowed}")
        if self.seed < 0:
            raise Misconfigured(f"seed is {self.seed}, must be 0 or more")


def popularity(setting: Setting) -> Floats:
    """How much everybody likes each of a side, the most popular first."""
    if setting.popularity == "linear":
        return np.linspace(1.0, 0.0, setting.people)
    few = max(round(FEW * setting.people), 1)
    return np.concatenate([np.ones(few), np.linspace(REST, 0.0, setting.people - few)])


def hidden(setting: Setting) -> Likes:
    """What people would do. Equal settings give equal preferences."""
    draw = np.random.default_rng(setting.seed)
    size, liked = (setting.people, setting.people), setting.crowding * popularity(setting)
    left, right = (liked + (1.0 - setting.crowding) * draw.random(size) for _ in range(2))
    return Likes(left, right)


def seen(likes: Likes, setting: Setting) -> Likes:
    """What a matcher believes: the truth and an error, the same for all ways of making lists."""
    draw = np.random.default_rng((setting.seed, 1))
    left, right = (
        np.clip(true + setting.error * draw.standard_normal(true.shape), LEAST, 1.0)
        for true in (likes.left, likes.right)
    )
    return Likes(left, right)
