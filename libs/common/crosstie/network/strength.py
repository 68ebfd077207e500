"""Tie strength: a decayed sum of contacts that can be moved to any moment.

Forward decay after Cormode, Shkapenyuk, Srivastava and Xu, ICDE 2009. Times in microseconds.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

DAY_US = 86_400_000_000
HALF_LIFE_US = 90 * DAY_US

Moment = Annotated[int, Meta(ge=-(2**62), le=2**62)]  # fits a column, and so does a span of two


class Strength(Struct, frozen=True, array_like=True, gc=False):
    """`value` contacts, as of `at`."""

    value: Annotated[float, Meta(ge=0)] = 0.0
    at: Moment = 0


def decay(elapsed: int, half_life: int) -> float:
    """What one contact is worth after `elapsed` microseconds."""
    return float(2.0 ** (-elapsed / half_life))


def moved(strength: Strength, at: int, half_life: int = HALF_LIFE_US) -> float:
    """The value at `at`, never before `strength.at`."""
    return strength.value * decay(max(at - strength.at, 0), half_life)


def add(strength: Strength, weight: float, at: int, half_life: int = HALF_LIFE_US) -> Strength:
    """Add one contact; a late one (at < strength.at) counts for less, never against."""
    if strength.value == 0.0:
        return Strength(weight, at)
    later = max(strength.at, at)
    return Strength(
        moved(strength, later, half_life) + weight * decay(later - at, half_life), later
    )
