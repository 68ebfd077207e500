from __future__ import annotations

from services.matching.touched import Touched


def test_what_came_since_a_round_is_touched() -> None:
    touched = Touched(2)
    touched.came(0, 5, ["member/A"])  # what is there
    touched.came(1, 7, [])
    touched.came(0, 6, ["member/B"])
    touched.came(1, 9, ["tie/C/D"])
    assert touched.since((5, 7)) == frozenset(("member/B", "tie/C/D"))
    assert touched.since((6, 9)) == frozenset(("member/B", "tie/C/D"))
    assert touched.since((7, 10)) == frozenset()


def test_rows_that_came_again_up_to_the_same_end_are_touched() -> None:
    touched = Touched(1)
    touched.came(0, 5, ["member/A"])
    touched.came(0, 5, ["member/B"])
    assert touched.since((5,)) == frozenset(("member/B",))


def test_of_what_is_too_long_ago_nobody_knows() -> None:
    touched = Touched(1)
    assert touched.since((0,)) == frozenset()
    touched.came(0, 5, ["member/A"])
    assert touched.since((4,)) is None
    touched.came(0, 6, [f"member/{n}" for n in range(20_000)])
    assert touched.since((5,)) is not None
    touched.came(0, 7, ["member/A"])
    assert touched.since((6,)) is None
    assert touched.since((7,)) == frozenset(("member/A",))
    assert touched.since((7, 7)) is None
