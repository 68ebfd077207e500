"""What members are pulled by is one sum in the order of the pairs, however a kernel goes about it."""

from __future__ import annotations

import numpy as np
import pytest

from crosstie.matching import ends

SIZE = 40


@pytest.mark.parametrize("in_order", [True, False])
def test_pulls_are_added_pair_by_pair_to_the_last_bit(in_order: bool) -> None:
    draw = np.random.default_rng(2)
    a, b = draw.integers(0, SIZE, (2, 3_000), dtype=np.int32)
    if in_order:
        order = np.lexsort((b, a))
        a, b = a[order], b[order]
    pull = np.where(a == b, 0.0, draw.exponential(1.0, len(a)))  # nobody is paired with themselves
    pull[draw.random(len(a)) < 0.1] = 0.0
    root = draw.random(SIZE)
    total = [0.0] * SIZE
    for one, other, weight in zip(a.tolist(), b.tolist(), pull.tolist(), strict=True):
        total[one] += weight * float(root[other])
        total[other] += weight * float(root[one])
    assert ends.pulled(a, b, pull, root).tolist() == total


def test_without_pairs_nobody_is_pulled() -> None:
    nothing = np.empty(0, dtype=np.int32)
    assert ends.pulled(nothing, nothing, np.empty(0), np.ones(3)).tolist() == [0.0] * 3
