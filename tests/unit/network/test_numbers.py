"""People and mixes of channels are numbered once, whoever packs rows at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from crosstie.network.names import Names
from crosstie.network.wire import encode_contacts


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


class Late:
    """A lock that is free only once somebody else has numbered the same."""

    def __init__(self) -> None:
        self.names = Names(_giving=self)  # type: ignore[arg-type]

    def __enter__(self) -> None:
        self.names.people.append("ANN")
        self.names.number["ANN"] = 0
        self.names.mixes.append({"met": 1})
        self.names.mix[encode_contacts({"met": 1})] = 0

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""


def test_whoever_comes_late_takes_the_number_that_was_given() -> None:
    names = Late().names
    assert names.of_person("ANN") == 0
    assert names.people == ["ANN"]
    names = Late().names
    assert names.of_mix({"met": 1}) == 0
    assert names.mixes == [{"met": 1}]


class Held:
    """A lock that nobody gets."""

    def __enter__(self) -> None:
        raise AssertionError("it waits for whoever gives numbers")

    def __exit__(self, *_: object) -> None:
        """Nobody came so far."""


def test_what_has_a_number_waits_for_nobody() -> None:
    mix = {encode_contacts({"met": 1}): 0}
    names = Names(["ANN"], {"ANN": 0}, [{"met": 1}], mix, Held())  # type: ignore[arg-type]
    assert names.of_person("ANN") == 0
    assert names.of_mix({"met": 1}) == 0
