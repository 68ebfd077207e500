"""Layered mappings are plain ones whose keys are in the order of their last change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie import layered as layers
from crosstie.layered import Layered, layered

CHANGES = st.lists(st.dictionaries(st.sampled_from("abcdefg"), st.none() | st.integers(0, 3)))


@pytest.mark.parametrize("above", [0, 3, 1_000])
def test_a_layered_mapping_is_a_plain_one_in_the_order_of_changes(
    above: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "_FEWEST", above)

    @given(st.dictionaries(st.sampled_from("abcdefg"), st.integers(0, 3)), CHANGES)
    def check(first: dict[str, int], batches: list[dict[str, int | None]]) -> None:
        plain, ours = dict(first), layered(first, {})
        for batch in batches:
            before, known = ours, dict(plain)
            ours = layered(ours, batch)
            for key, value in batch.items():
                plain.pop(key, None)
                if value is not None:
                    plain[key] = value
            assert list(ours.items()) == list(plain.items())
            assert list(reversed(ours)) == list(reversed(plain))
            assert (len(ours), {key for key in "abcdefg" if key in ours}) == (
                len(plain),
                set(plain),
            )
            assert list(before.items()) == list(known.items()), "what was is not changed"

    check()


def test_no_changes_make_no_other_mapping() -> None:
    ours: Layered[str, int] = layered({"a": 1}, {})
    assert layered(ours, {}) is ours
