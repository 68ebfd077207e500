"""Tie strength: known answers of the decay, and what holds for any contacts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.network.strength import HALF_LIFE_US, Strength, add, moved

contacts = st.lists(
    st.tuples(st.floats(0.005, 100), st.integers(0, 40 * HALF_LIFE_US)), min_size=1, max_size=20
)


def summed(many: list[tuple[float, int]]) -> Strength:
    strength = Strength()
    for weight, at in many:
        strength = add(strength, weight, at)
    return strength


def test_a_contact_is_worth_half_after_the_half_life() -> None:
    assert moved(add(Strength(), 1.0, 0), HALF_LIFE_US) == 0.5


def test_a_late_contact_counts_for_less_never_against() -> None:
    now = add(Strength(), 1.0, HALF_LIFE_US)
    assert add(now, 1.0, 0) == Strength(1.5, HALF_LIFE_US)


def test_another_half_life_holds_for_what_was_there_and_for_what_comes() -> None:
    week = HALF_LIFE_US // 4
    before = add(Strength(), 4.0, 0, week)
    assert add(before, 1.0, week, week) == Strength(3.0, week)
    assert add(Strength(1.0, week), 1.0, 0, week) == Strength(1.5, week)


def test_strength_is_not_moved_back_in_time() -> None:
    assert moved(Strength(1.0, HALF_LIFE_US), 0) == 1.0


@given(contacts)
def test_strength_is_the_decayed_sum_as_of_the_last_contact(
    many: list[tuple[float, int]],
) -> None:
    last = max(at for _, at in many)
    expected = sum(weight * 2.0 ** (-(last - at) / HALF_LIFE_US) for weight, at in many)
    strength = summed(many)
    assert strength.at == last
    assert strength.value == pytest.approx(expected, rel=1e-9)
