"""Poison is drawn from the seed, fits its topic, and is known to the auditor where it must be."""

from __future__ import annotations

import pytest

from crosstie.chaos.poison import PLACES, Wrong, planted, topic, wrong
from crosstie.errors import Rejected
from crosstie.logrecord import head_of
from crosstie.matching import record as rounds_record
from crosstie.replay.sources import Record
from crosstie.topics import Topics
from services.matching.assembly import Assembly

AT_A_DOOR = ("inbox", "log")


def written(each: Wrong) -> Record:
    return Record("t", 0, 0, 0, each.key, each.value, each.headers)


@pytest.mark.parametrize("where", PLACES)
def test_a_seed_draws_the_same_poison_again(where: str) -> None:
    assert wrong(7, 3, where) == wrong(7, 3, where)
    assert wrong(7, 3, where) != wrong(8, 3, where)
    assert wrong(7, 3, where) != wrong(7, 4, where)


@pytest.mark.parametrize("where", PLACES)
def test_the_auditor_knows_it_where_only_services_write(where: str) -> None:
    inside = where not in AT_A_DOOR
    assert [planted(written(each)) for each in wrong(1, 1, where)] == [inside] * len(
        wrong(1, 1, where)
    )


def test_every_place_is_a_topic_of_its_own() -> None:
    assert len({topic(Topics(), "p", where) for where in PLACES}) == len(PLACES)


def test_none_of_it_is_an_event_of_the_log() -> None:
    for each in wrong(1, 1, "log"):
        with pytest.raises(Rejected):
            head_of(each.key, each.value, each.headers)


def test_none_of_it_is_a_row_or_a_mark() -> None:
    poison = wrong(1, 1, "network")
    assert all(each.key for each in poison)  # a compacted topic takes no record without a key
    assert Assembly(1).take(0, ((each.key, each.value) for each in poison)) == len(poison)


def test_none_of_it_is_a_round() -> None:
    poison = wrong(1, 1, "rounds")
    records = (
        rounds_record.Record(each.key or b"", each.value or b"", each.headers) for each in poison
    )
    assert [*rounds_record.joined(records)] == []
