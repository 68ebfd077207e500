"""Layered mappings are plain ones whose keys are in the order of their last change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie import layered as layers
from crosstie.layered import Held, Layered, layered

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


@pytest.mark.parametrize(
    ("below", "fewest", "most", "above"), [(0, 3, 9, 3), (309, 3, 99, 10), (309, 3, 5, 5)]
)
def test_what_changed_lies_above_up_to_a_thirtieth_and_is_merged_beyond(
    below: int, fewest: int, most: int, above: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "_FEWEST", fewest)
    monkeypatch.setattr(layers, "_MOST", most)
    first = {n: n for n in range(below)}
    changes = {-n: n for n in range(1, above + 1)}
    ours: Layered[int, int] = layered(first, changes)
    assert (ours.news, len(ours.packed)) == (changes, below)
    more = layered(ours, {-above - 1: 0})
    assert (more.news, len(more.packed)) == ({}, below + above + 1)


def test_who_asks_for_what_is_not_there_or_was_removed_is_told_the_key() -> None:
    ours: Layered[str, int] = layered({"a": 1, "b": 2}, {"a": None})
    for absent in ("a", "c"):
        with pytest.raises(KeyError, match=absent):
            ours[absent]
    assert (ours["b"], list(ours.values())) == (2, [2])


def test_a_mapping_that_begins_empty_holds_what_it_is_given() -> None:
    ours: Layered[str, int] = Layered(Held({}))
    assert (len(ours), list(ours)) == (0, [])
    assert dict(Layered(Held({"a": 1}), {"a": None, "b": 2}, 1).items()) == {"b": 2}
