"""What the demonstration plays: events in order of event time, and what is invented in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosstie import instants
from crosstie.simulate.scenario import Scenario
from crosstie.simulate.stream import events

CloudEvent = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """Events of one platform; `authority` and `source` are what its registration must allow."""

    name: str
    authority: str
    source: str
    events: tuple[CloudEvent, ...]
    says: str  # where it is from, and what is invented


def simulated(members: int, seed: int) -> Story:
    """A made-up locality instead of the contact log."""
    scenario = Scenario(members=members, seed=seed, days=14)
    says = f"A simulated locality of {members} people, seed {seed}: all of it is invented."
    told = tuple(events(scenario))
    return Story("locality", scenario.authority, scenario.source, told, says)


def windows(
    told: tuple[CloudEvent, ...], length: int, fewest: int
) -> Iterator[tuple[int, list[CloudEvent]]]:
    """The events cut by event time: the end of each window, in microseconds, and what is in it.

    A window with fewer than `fewest` events (nights, weekends) goes with the next one.
    """
    window: list[CloudEvent] = []
    end = 0
    for event in told:
        time = instants.from_rfc3339(event["time"])
        if time >= end:
            if len(window) >= fewest:
                yield end, window
                window = []
            end = time - time % length + length
        window.append(event)
    if window:
        yield end, window
