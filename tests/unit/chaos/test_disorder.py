"""Events go out in another order and once more, none is lost, and a seed draws the same again."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crosstie.chaos.disorder import Disorder
from crosstie.events import ERASED

Chunk = list[dict[str, Any]]


def chunks(many: int, size: int = 10, erased: int | None = None) -> list[Chunk]:
    made = [{"id": n, "type": ERASED if n == erased else "x"} for n in range(many)]
    return [made[at : at + size] for at in range(0, many, size)]


def ids(sent: list[Chunk]) -> list[int]:
    return [each["id"] for chunk in sent for each in chunk]


def test_without_a_fault_the_order_stays() -> None:
    assert [*Disorder(1).ordered(iter(chunks(35)))] == chunks(35)


@given(st.integers(0, 99), st.integers(1, 80))
def test_a_shuffle_keeps_every_event_and_the_sizes(number: int, many: int) -> None:
    disorder = Disorder(1)
    disorder.shuffle(number)
    sent = [*disorder.ordered(iter(chunks(many)))]
    assert sorted(ids(sent)) == list(range(many))
    assert [len(each) for each in sent] == [len(each) for each in chunks(many)]


def test_a_shuffle_reaches_over_chunks_and_ends() -> None:
    disorder = Disorder(1)
    disorder.shuffle(7)
    sent = ids([*disorder.ordered(iter(chunks(80)))])
    assert sent[:40] != sorted(sent[:40])
    assert sorted(sent[:40]) == list(range(40))
    assert sent[40:] == list(range(40, 80))


def test_an_erasure_comes_after_what_it_is_to_cover() -> None:
    disorder = Disorder(1)
    disorder.shuffle(7)
    sent = ids([*disorder.ordered(iter(chunks(40, erased=3)))])
    assert sent[-1] == 3


def test_what_is_sent_again_was_sent_and_is_no_erasure() -> None:
    disorder = Disorder(1)
    assert disorder.again(0) == []
    sent = [*disorder.ordered(iter(chunks(300, erased=250)))]
    again = [each["id"] for each in disorder.again(3)]
    assert len(again) == len(set(again)) == 150
    assert set(again) <= set(ids(sent)) - {250}
    assert again != sorted(again)


def test_a_seed_draws_the_same_again() -> None:
    def played(seed: int) -> list[int]:
        disorder = Disorder(seed)
        disorder.shuffle(4)
        sent = [*disorder.ordered(iter(chunks(50)))]
        return ids([*sent, disorder.again(5)])

    assert played(3) == played(3)
    assert played(3) != played(4)
