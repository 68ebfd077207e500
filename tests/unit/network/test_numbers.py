"""People and mixes of channels are numbered once, whoever packs rows at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from crosstie.network.names import Names


class Meeting(list[Any]):
    """A list that is appended to only once two want to, or nobody else comes."""

    def __init__(self) -> None:
        self._both = Barrier(2)

    def append(self, value: Any) -> None:
        with suppress(BrokenBarrierError):
            self._both.wait(0.5)
        super().append(value)


NAMED: list[tuple[Callable[[Names], Callable[[Any], int]], Any, Any]] = [
    (lambda names: names.of_person, "ANN", "BOB"),
    (lambda names: names.of_mix, {"met": 1}, {"called": 1}),
]


@pytest.mark.parametrize(("asked", "one", "other"), NAMED, ids=["people", "mixes"])
def test_two_who_pack_at_once_give_no_number_twice(
    asked: Callable[[Names], Callable[[Any], int]], one: Any, other: Any
) -> None:
    names = Names(people=Meeting(), mixes=Meeting())
    with ThreadPoolExecutor(2) as both:
        numbers = list(both.map(asked(names), (one, other)))
    assert sorted(numbers) == [0, 1]
    kept = names.people or names.mixes
    assert [kept[each] for each in numbers] == [one, other]
