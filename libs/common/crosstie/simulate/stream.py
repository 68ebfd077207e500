"""The simulated events in order of event time, as CloudEvents; one hour is held at a time.

Equal scenarios give equal bytes. A million people need 4 bytes per person and eventful hour.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Iterator
from typing import Any

import msgspec

from crosstie import instants
from crosstie.simulate.contacts import Contacts
from crosstie.simulate.draws import Draws
from crosstie.simulate.lives import Happening, Lives
from crosstie.simulate.locality import Locality
from crosstie.simulate.scenario import DAY_US, HOUR_US, HOURS, Scenario

CloudEvent = dict[str, Any]
_MEAN_DELAY_US = DAY_US / 2
_encode = msgspec.json.Encoder().encode


def events(scenario: Scenario) -> Iterator[CloudEvent]:
    """Every event of a scenario, as a platform would send it."""
    happenings = _happenings(scenario)
    told = (
        cloud_event(scenario.source, f"{scenario.seed}-{number}", *happening)
        for number, happening in enumerate(happenings)
    )
    return _disordered(scenario, told) if scenario.late or scenario.doubled else told


def ndjson(events: Iterator[CloudEvent]) -> Iterator[bytes]:
    """One line per event, with its newline."""
    for event in events:
        yield _encode(event) + b"\n"


def cloud_event(
    source: str, id: str, time: int, noun_verb: str, data: dict[str, Any]
) -> CloudEvent:
    """A CloudEvent in structured mode; `noun_verb` as in `member.joined`."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": f"org.crosstie.{noun_verb}.v1",
        "time": instants.to_rfc3339(time),
        "datacontenttype": "application/json",
        "data": data,
    }


def _happenings(scenario: Scenario) -> Iterator[Happening]:
    locality = Locality(scenario.seed, scenario.members)
    lives = Lives(scenario, locality)
    contacts = Contacts(scenario, locality, lives)
    eventful = _eventful(scenario, lives)
    for day in range(scenario.days):
        for hour, contacts_in in enumerate(contacts.on(day)):
            now = [*contacts_in()]
            begin = scenario.start + day * DAY_US + hour * HOUR_US
            for number in eventful[day * HOURS + hour]:
                now += (each for each in lives.of(number) if 0 <= each[0] - begin < HOUR_US)
            now.sort(key=_order)
            yield from now


def _order(happening: Happening) -> tuple[int, str, bytes]:
    time, noun_verb, data = happening
    return time, noun_verb, _encode(data)


def _eventful(scenario: Scenario, lives: Lives) -> list[array[int]]:
    """By hour, whose life has something to tell: 4 bytes each, where the events would take 500."""
    hours: list[array[int]] = [array("I") for _ in range(scenario.days * HOURS)]
    for number in range(scenario.members):
        for hour in {(each[0] - scenario.start) // HOUR_US for each in lives.of(number)}:
            hours[hour].append(number)
    return hours


def _disordered(scenario: Scenario, told: Iterator[CloudEvent]) -> Iterator[CloudEvent]:
    """Some events sent late, some twice: as real platforms do."""
    draws = Draws(scenario.seed)
    held: list[tuple[float, int, CloudEvent]] = []
    for number, event in enumerate(told):
        time = instants.from_rfc3339(event["time"])
        while held and held[0][0] <= time:
            yield heapq.heappop(held)[2]
        again = time + draws.exponential(_MEAN_DELAY_US, "delay", number)
        if draws.uniform("late", number) < scenario.late:
            heapq.heappush(held, (again, number, event))
            continue
        yield event
        if draws.uniform("doubled", number) < scenario.doubled:
            heapq.heappush(held, (again, number, event))
    while held:
        yield heapq.heappop(held)[2]
