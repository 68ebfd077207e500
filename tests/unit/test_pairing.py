from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crosstie.pairing import Others, Pair, others_after, others_of, pairs_with

pairs = st.sets(
    st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")).filter(
        lambda two: two[0] < two[1]
    )
)


def as_sets(others: Others) -> dict[str, set[str]]:
    return {who: {*theirs} for who, theirs in others.items()}


@given(pairs, pairs)
def test_what_follows_is_as_if_it_were_made_anew(before: set[Pair], now: set[Pair]) -> None:
    followed = others_after(others_of(before), now - before, before - now)
    assert as_sets(followed) == as_sets(others_of(now))
    assert all(len({*theirs}) == len(theirs) for theirs in followed.values())


def test_nothing_new_is_the_same_object() -> None:
    others = others_of([("A", "B")])
    assert others_after(others, ()) is others


@given(pairs, st.sets(st.sampled_from("ABCDEZ")))
def test_pairs_with_some_are_those_that_they_are_in(every: set[Pair], whom: set[str]) -> None:
    assert {*pairs_with(others_of(every), whom)} == {pair for pair in every if whom & {*pair}}
