from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.matching import overlaid
from crosstie.matching.overlaid import Overlaid


@given(st.integers(0, 9), st.integers(1, 12), st.integers(0, 999))
def test_rows_are_what_they_were_changed_to_last(size: int, changes: int, seed: int) -> None:
    draw = random.Random(seed)
    rows = [draw.random() for _ in range(size)]
    with pytest.MonkeyPatch.context() as few:
        few.setattr(overlaid, "_FEWEST", 4)
        found = Overlaid.of(np.array(rows))
        for _ in range(changes):
            places = draw.sample(range(len(rows)), draw.randint(0, min(len(rows), 3)))
            news = [draw.random() for _ in places]
            more = [draw.random() for _ in range(draw.randrange(3))]
            before, was = found, list(rows)
            for place, new in zip(places, news, strict=True):
                rows[place] = new
            rows += more
            found = found.after(np.array(places, dtype=np.int64), np.array(news), np.array(more))
            assert before.whole().tolist() == was
            assert len(found) == len(rows)
            assert found.whole().tolist() == rows
            some = np.array(draw.choices(range(len(rows)), k=5) if rows else [], dtype=np.int64)
            assert found[some].tolist() == [rows[each] for each in some.tolist()]
            assert found.each(lambda row: row > 0.5).tolist() == [each > 0.5 for each in rows]
            for asked in (some, some[:1]):  # most of them, and one
                told = found.some(lambda row: row > 0.5, asked).tolist()
                assert told == [rows[each] > 0.5 for each in asked.tolist()]


def test_what_changes_little_shares_all_that_lies_below() -> None:
    before = Overlaid.of(np.zeros(1_000_000))
    after = before.after(np.array([7]), np.ones(1), np.ones(2))
    assert after.below is before.below
    assert after[np.array([7, 8, 1_000_001])].tolist() == [1.0, 0.0, 1.0]
