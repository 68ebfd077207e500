from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosstie.matching.codes import UNKNOWN, Codes

SAID = st.one_of(st.none(), st.sampled_from("abcdef"))


@given(st.lists(st.tuples(SAID, SAID), max_size=12))
def test_codes_of_what_some_say_otherwise_are_those_made_anew(said: list[tuple[str, str]]) -> None:
    before, now = ([pair[side] for pair in said] for side in (0, 1))
    codes = Codes.of(before)
    after, moved = codes.after(before[::2], now[::2])
    mixed = [now[i] if i % 2 == 0 else before[i] for i in range(len(said))]
    anew = Codes.of(mixed)
    assert (after.names, after.times.tolist()) == (anew.names, anew.times.tolist())
    column = codes.coded(before)
    if moved is not None:
        column = moved[column]
    column[::2] = after.coded(now[::2])
    assert column.tolist() == anew.coded(mixed).tolist()


def test_where_all_numbers_stay_nothing_is_told_to_move() -> None:
    codes = Codes.of(["nurse", "doctor", "nurse", None])
    after, moved = codes.after(["nurse"], ["doctor"])
    assert moved is None
    assert (after.names, after.times.tolist()) == (("doctor", "nurse"), [2, 1])
    assert codes.coded([None, "teacher", "nurse"]).tolist() == [UNKNOWN, UNKNOWN, 1]
