"""The made-up locality: the same for the same seed, valid at the door, and as varied as the real one."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstie.errors import Misconfigured
from crosstie.events import EVENT_TYPES, Person
from crosstie.simulate.draws import Draws
from crosstie.simulate.locality import Locality
from crosstie.simulate.scenario import DAY_US, LATEST, Scenario
from crosstie.simulate.stream import events, ndjson
from crosstie.simulate.words import SECTORS, SHARE_OF

FIFTY = Scenario(members=50, days=28)


@pytest.fixture(scope="module")
def fifty() -> list[dict[str, Any]]:
    return list(events(FIFTY))


@pytest.fixture(scope="module")
def thousand() -> list[dict[str, Any]]:
    return list(events(Scenario(members=1_000, days=14)))


def of_type(told: list[dict[str, Any]], noun_verb: str) -> list[dict[str, Any]]:
    return [each["data"] for each in told if each["type"] == f"org.crosstie.{noun_verb}.v1"]


def test_the_same_seed_tells_the_same_bytes() -> None:
    assert b"".join(ndjson(events(FIFTY))) == b"".join(ndjson(events(FIFTY)))


def test_another_seed_tells_another_story() -> None:
    other = Scenario(members=50, days=28, seed=2)
    assert b"".join(ndjson(events(FIFTY))) != b"".join(ndjson(events(other)))


def test_every_event_passes_the_models_of_the_door(thousand: list[dict[str, Any]]) -> None:
    for event in thousand:
        model = EVENT_TYPES[event["type"]].model[Person]
        model.model_validate_json(json.dumps(event["data"]))


def test_events_come_in_order_of_event_time(thousand: list[dict[str, Any]]) -> None:
    times = [each["time"] for each in thousand]
    assert times == sorted(times)


def test_ids_are_never_used_twice(thousand: list[dict[str, Any]]) -> None:
    assert len({each["id"] for each in thousand}) == len(thousand)


def test_nothing_is_told_after_the_last_day(thousand: list[dict[str, Any]]) -> None:
    assert all("2026-01-05" <= each["time"][:10] <= "2026-01-18" for each in thousand)


def test_fifty_people_already_have_eight_sectors_and_every_turn_of_life(
    fifty: list[dict[str, Any]],
) -> None:
    sectors = {data.get("sector") for data in of_type(fifty, "member.described")} - {None}
    types = {each["type"] for each in fifty}
    assert len(sectors) >= 8
    for noun_verb in ("member.left", "member.erased", "consent.withdrawn", "member.paused"):
        assert f"org.crosstie.{noun_verb}.v1" in types


def test_a_thousand_people_span_seven_levels_and_ten_sectors(
    thousand: list[dict[str, Any]],
) -> None:
    described = of_type(thousand, "member.described")
    assert {data["level"] for data in described} == set(range(1, 8))
    assert len({data["sector"] for data in described if "sector" in data}) == len(SECTORS)


def test_the_places_seats_add_up() -> None:
    assert sum(sector.people for sector in SECTORS) == SHARE_OF


@given(seed=st.integers(0, 2**32), number=st.integers(0, 9_999))
def test_everyone_reports_to_somebody_more_senior_in_the_same_organisation(
    seed: int, number: int
) -> None:
    locality = Locality(seed, 10_000)
    person = locality.resident(number)
    if person.reports_to is not None:
        manager = locality.resident(person.reports_to)
        assert manager.level > person.level or manager.level == person.level == 1
        assert manager.organisation == person.organisation


def test_nobody_is_heard_of_after_they_left_or_were_erased(thousand: list[dict[str, Any]]) -> None:
    gone: set[str] = set()
    for event in thousand:
        data = event["data"]
        if event["type"].split(".")[2:4] in (["member", "left"], ["member", "erased"]):
            gone.add(data["member"]["id"])
        elif event["type"] == "org.crosstie.contact.made.v1":
            assert not gone & {person["id"] for person in data["members"]}


def test_one_problem_turns_up_in_many_needs_at_once(thousand: list[dict[str, Any]]) -> None:
    outbreaks = Counter(
        data["item"]
        for data in of_type(thousand, "need.posted")
        if data["item"].startswith("need-outbreak")
    )
    assert outbreaks
    assert max(outbreaks.values()) >= 5


def test_people_mostly_meet_in_their_own_organisation_but_not_only() -> None:
    scenario = Scenario(members=400, days=7)
    locality = Locality(scenario.seed, scenario.members)
    organisation = {locality.resident(n).id: locality.colleagues(n) for n in range(400)}
    contacts = of_type(list(events(scenario)), "contact.made")
    same = sum(
        organisation[a["id"]] == organisation[b["id"]] for c in contacts for a, b in [c["members"]]
    )
    assert 0.3 < same / len(contacts) < 0.7


def test_late_and_doubled_events_are_the_same_events_out_of_order(
    fifty: list[dict[str, Any]],
) -> None:
    untidy = list(events(Scenario(members=50, days=28, late=0.1, doubled=0.1)))
    times = [each["time"] for each in untidy]
    assert times != sorted(times)
    assert len(untidy) > len(fifty)
    assert {json.dumps(each) for each in untidy} == {json.dumps(each) for each in fifty}


def test_ten_thousand_people_are_streamed() -> None:
    assert len(list(islice(events(Scenario(members=10_000, days=1)), 10_000))) == 10_000


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"members": 49}, "members"),
        ({"days": 0}, "days"),
        ({"late": 2}, "late"),
        ({"contacts_per_day": -1}, "contacts_per_day"),
        ({"contacts_per_day": float("nan")}, "contacts_per_day"),
        ({"authority": "Two Words"}, "authority"),
        ({"source": ""}, "source"),
        (
            {"start": LATEST - DAY_US, "days": 2},
            "start is 9998-12-31 and days 2, must end by 9999-01-01",
        ),
    ],
)
def test_a_scenario_out_of_bounds_says_which_bound(wrong: dict[str, Any], named: str) -> None:
    with pytest.raises(Misconfigured, match=named):
        Scenario(**wrong)


def test_draws_depend_on_what_they_are_about_and_not_on_their_order() -> None:
    draws = Draws(7)
    first = draws.uniform("a", 1)
    draws.uniform("b", 2)
    assert draws.uniform("a", 1) == first
    assert draws.uniform("a", 2) != first


def test_spread_is_about_normal() -> None:
    sample = [Draws(1).spread("n", k) for k in range(4_000)]
    mean = sum(sample) / len(sample)
    deviation = (sum((x - mean) ** 2 for x in sample) / len(sample)) ** 0.5
    assert abs(mean) < 0.06
    assert abs(deviation - 1) < 0.06
