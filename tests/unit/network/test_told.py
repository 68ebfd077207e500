"""Rows of `network.v1` by strangers: what the fold never writes is refused, all else is read as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from msgspec import ValidationError

from crosstie.network.facts import Event
from crosstie.network.fold import fold_all
from crosstie.network.state import Fact, Member
from crosstie.network.told import told_row
from crosstie.network.wire import encode
from tests.unit.network.logs import logs


@given(logs)
def test_what_the_fold_writes_is_read_as_it_was_written(log: list[Event]) -> None:
    for key, row in fold_all({}, log).items():
        assert row is not None
        assert told_row(key, encode(row)) == row


def told(name: str, value: Any) -> None:
    stated = Member("ANN", {name: Fact(value, 1, "s", "i")})
    assert told_row("member/ANN", encode(stated)) == stated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("joined", "yes"),
        ("consent", 1),
        ("paused", None),
        ("level", "high"),
        ("level", 0),
        ("level", 8),
        ("availability", [21, 0, 0, [], []]),
        ("availability", [1, 0, 0, []]),
        ("interests", "tea"),
        ("interests", ["tea", 3]),
        ("sector", 5),
        ("profession", []),
        ("role", {}),
        ("organisation", 1.5),
        ("place", True),
        ("reports_to", 7),
    ],
)
def test_a_fact_that_is_none_stops_whoever_reads_it(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        told(name, value)


@pytest.mark.parametrize("name", ["need/roof", "offer/tea"])
@pytest.mark.parametrize("value", [7, ["a text"], True])
def test_an_item_is_a_text_and_nothing_else(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=r"^an item that is no text$"):
        told(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", None),
        ("level", 7),
        ("availability", None),
        ("availability", [20, 5, 20, ["up"], ["housing"]]),
        ("interests", None),
        ("sector", None),
        ("need/roof", None),
        ("offer/tea", "of all sorts"),
        ("of-a-later-version", 46),
    ],
)
def test_what_was_cleared_and_what_this_version_does_not_know_pass(name: str, value: Any) -> None:
    told(name, value)
