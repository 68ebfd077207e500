"""What the demo plays: the whole contact log, an overlay that says it is invented, and wrong events."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from crosstie import instants
from crosstie.cli.demo import amiss
from crosstie.demo.contact import Contact
from crosstie.demo.contact_log import contact_log
from crosstie.demo.story import Story, simulated, windows
from crosstie.demo.wrong import wrong_events
from crosstie.door.arrival import checked
from crosstie.errors import Misconfigured, Rejected
from crosstie.registry import Platform
from crosstie.simulate.scenario import HOUR_US

NOW = time.time_ns() // 1_000


@pytest.fixture(scope="module")
def office() -> Story:
    return contact_log(seed=1)


def platform(story: Story) -> Platform:
    return Platform(story.name, frozenset((story.source,)), frozenset((story.authority,)))


def test_every_contact_of_the_log_is_played(office: Story) -> None:
    types = Counter(each["type"] for each in office.events)
    assert types["org.crosstie.contact.made.v1"] == 33_751
    assert types["org.crosstie.member.joined.v1"] == 232


def test_the_door_takes_every_event_of_the_story(office: Story) -> None:
    for event in office.events:
        checked(event, platform(office), NOW)


def test_it_says_what_is_real_and_what_is_invented(office: Story) -> None:
    assert "CC0" in office.says
    assert "nvented" in office.says


def test_the_same_seed_is_the_same_story(office: Story) -> None:
    assert contact_log(seed=1) == office
    assert contact_log(seed=2) != office


def test_ids_are_never_used_twice(office: Story) -> None:
    assert len({each["id"] for each in office.events}) == len(office.events)


def test_everyone_joins_before_anything_else_is_told_of_them(office: Story) -> None:
    joined: set[str] = set()
    for event in office.events:
        people = event["data"].get("members") or [event["data"]["member"]]
        if event["type"] == "org.crosstie.member.joined.v1":
            joined.add(people[0]["id"])
        assert all(person["id"] in joined for person in people)


def test_nothing_is_told_of_the_erased_afterwards(office: Story) -> None:
    erased: set[str] = set()
    for event in office.events:
        people = event["data"].get("members") or [event["data"]["member"]]
        assert not any(person["id"] in erased for person in people)
        if event["type"] == "org.crosstie.member.erased.v1":
            erased.add(people[0]["id"])
    assert len(erased) == 2


def test_every_department_has_its_leader_and_reporting_lines_end_at_the_top(office: Story) -> None:
    described = {
        event["data"]["member"]["id"]: event["data"]
        for event in office.events
        if event["type"] == "org.crosstie.member.described.v1"
    }
    for data in described.values():
        if "reports_to" in data:
            assert described[data["reports_to"]["id"]]["level"] >= data["level"]
    assert sum("reports_to" not in data for data in described.values()) == 1


def test_a_long_talk_weighs_more_than_a_short_one_and_less_than_many() -> None:
    short, long = Contact(0, ("a", "b"), 20), Contact(0, ("a", "b"), 2_000)
    assert short.weight == 1.0
    assert 1.0 < long.weight < 100


def test_windows_hold_every_event_once_in_order(office: Story) -> None:
    cut = list(windows(office.events, 4 * HOUR_US, fewest=100))
    assert tuple(event for _, window in cut for event in window) == office.events
    ends = [end for end, _ in cut]
    assert ends == sorted(set(ends))
    for end, window in cut:
        assert all(instants.from_rfc3339(event["time"]) < end for event in window)


@pytest.mark.parametrize("number", range(7))
def test_every_wrong_event_is_refused_with_pointer_limit_and_remedy(
    office: Story, number: int
) -> None:
    with pytest.raises(Rejected) as refused:
        checked(wrong_events(office, NOW)[number], platform(office), NOW)
    assert refused.value.limit
    assert refused.value.remedy


def test_a_simulated_locality_can_stand_in_for_the_log() -> None:
    story = simulated(members=50, seed=3)
    for event in story.events:
        checked(event, platform(story), NOW)


def test_without_the_log_the_remedy_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="--members"):
        contact_log(1, tmp_path)


WELL = {"lost": 0, "doubled": 0, "suggestions": 9, "settled": True, "rejected": 14, "wrong": 14}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"lost": 1}, "1 events lost"),
        ({"doubled": 2}, "2 events doubled"),
        ({"suggestions": 0}, "no suggestion was made"),
        ({"settled": False}, "the last events were not in a round in time"),
        ({"rejected": 15}, "15 events rejected, not 14"),
    ],
)
def test_a_demonstration_that_went_wrong_says_so(told: dict[str, object], why: str) -> None:
    assert amiss(WELL, clean=True) == []
    assert amiss(WELL, clean=False) == ["a book differs"]
    assert amiss(WELL | told, clean=True) == [why]
