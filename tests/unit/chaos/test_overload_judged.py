"""What an overload shows is judged by its figures, and memory counts with all that a process started."""

from __future__ import annotations

from typing import Any

import pytest

from crosstie.chaos.gauges import resident
from crosstie.chaos.overload import faults
from crosstie.replay.book import Book, Books

CLEAN = Books((Book("delivery", "all of it", {}),))
LOST = Books((Book("delivery", "all of it", {}, ("one is lost",)),))
GOOD: dict[str, Any] = {
    "times": 10.0,
    "offered": {"inbox": 1_000, "http": 900},
    "offered_times": {"inbox": 10.0, "http": 9.5},
    "memory_mib": {"ingestion": 512, "profile": 1024, "matching": 100},
    "lag": {"most": 900},
    "health": {"failed": []},
    "answers": {"202": 5, "429": 5},
    "unanswered": {},
    "restarts": 0,
}


def test_what_holds_has_no_faults() -> None:
    assert faults(GOOD, drained=True, books=CLEAN) == []


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"offered_times": {"inbox": 10.0, "http": 9.49}}, "no more than 9.49 times"),
        ({"memory_mib": {"profile": 1_025}}, "profile had 1025 MiB resident, may have 1024"),
        ({"lag": {"most": 499}}, "lag grew to 499 only"),
        ({"health": {"failed": ["matching live: ReadTimeout"]}}, "matching live: ReadTimeout"),
        ({"answers": {"202": 5}}, "nothing was turned away with 429"),
        ({"answers": {"202": 5, "429": 1, "503": 1}}, "something else than 202 and 429"),
        ({"unanswered": {"ReadTimeout": 1}}, "were not answered"),
        ({"restarts": 1}, "1 services ended"),
    ],
    ids=str,
)
def test_each_fault_is_named(changed: dict[str, Any], named: str) -> None:
    (found,) = faults(GOOD | changed, drained=True, books=CLEAN)
    assert named in found


def test_lag_that_stays_and_books_that_differ_are_faults() -> None:
    assert faults(GOOD, drained=False, books=LOST) == [
        "lag did not drain",
        "book delivery: one is lost",
    ]


def test_memory_is_that_of_a_process_and_of_all_that_it_started() -> None:
    listing = "  1  0 9000\n 10  1 1024\n 11 10 2048\n 12 11  512\n 20  1    1\n"
    assert resident(listing, {"matching": 10, "gone": 99}) == {"matching": 3_584 * 1024}
