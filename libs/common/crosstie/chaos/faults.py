"""What goes wrong, to whom, when and for how long: a function of the seed, so that it can be had again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from crosstie.simulate.draws import Draws

Kind = Literal[
    "kill",
    "freeze",
    "cut",
    "slow",
    "silence",
    "full",
    "quit",
    "collapse",
    "remove",
    "add",
    "jump",
    "poison",
    "again",
    "twice",
    "shuffle",
    "abort",
]
Lane = Literal["servers", "workers", "input"]

KINDS: Mapping[Lane, Sequence[Kind]] = {
    "servers": ("kill", "freeze", "cut", "slow", "silence", "full", "quit", "collapse"),
    "workers": ("kill", "kill", "freeze", "remove", "add", "jump"),
    "input": ("poison", "poison", "again", "twice", "shuffle", "abort"),
}
# how long it lasts, least and most, in seconds: a frozen worker must be taken for dead (12 s of a
# silent group member, 10 s of a lease), a killed one is started again at once
SECONDS: Mapping[Kind, tuple[float, float]] = {
    "kill": (0.0, 0.0),
    "freeze": (8.0, 25.0),
    "cut": (1.0, 12.0),
    "slow": (3.0, 10.0),
    "silence": (3.0, 20.0),
    "full": (4.0, 15.0),
    "quit": (0.0, 0.0),
    "collapse": (0.0, 0.0),
    "remove": (5.0, 15.0),
    "add": (10.0, 30.0),
    "jump": (5.0, 20.0),
    "poison": (0.0, 0.0),
    "again": (0.0, 0.0),
    "twice": (0.0, 0.0),
    "shuffle": (0.0, 0.0),
    "abort": (0.0, 0.0),
}
_LANES: Sequence[Lane] = ("servers", "workers", "workers", "input")
EVERY_BROKER = "kafka"
EVERYTHING = "everything"
_EVERYWHERE: Sequence[Kind] = ("kill", "cut", "silence")  # may befall all brokers at once
# what can befall nothing else; `events`: whatever door they come by
_ONLY: Mapping[Kind, str] = {
    "quit": "postgres",  # stops at once, as told to, and finishes nothing
    "collapse": EVERYTHING,
    "again": "events",
    "twice": "events",
    "shuffle": "events",
}
# a stranger's transaction there leaves a hole, and profile stops at a hole until somebody decides
_NEVER: Mapping[Kind, str] = {"abort": "log"}
_OF_THESE = 0.25
_MOST_SLOW_SECONDS = 0.05  # per chunk
_JUMPS_SECONDS = (-86_400.0, -3_600.0, -90.0, 90.0, 3_600.0, 86_400.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. It begins once `at` of all events (0 to 1) are sent, and nothing else is in its way."""

    number: int
    lane: Lane
    kind: Kind
    target: str
    at: float
    seconds: float = 0.0
    delay_seconds: float = 0.0  # of `slow`
    by_seconds: float = 0.0  # of `jump`: how far the wall clock is then off


def schedule(seed: int, faults: int, targets: Mapping[Lane, Sequence[str]]) -> tuple[Fault, ...]:
    """`faults` of them in order of `at`; two of servers never overlap, nor two of one service."""
    draws = Draws(seed)
    drawn = [_fault(draws, number, targets) for number in range(faults)]
    drawn.sort(key=lambda each: (each.at, each.number))
    return tuple(drawn)


def _fault(draws: Draws, number: int, targets: Mapping[Lane, Sequence[str]]) -> Fault:
    lanes = [each for each in _LANES if targets.get(each)]
    lane = draws.pick(lanes, "lane", number)
    kind = draws.pick(KINDS[lane], "kind", number)
    least, most = SECONDS[kind]
    return Fault(
        number=number,
        lane=lane,
        kind=kind,
        target=_target(draws, number, lane, kind, targets[lane]),
        at=draws.uniform("at", number) * 0.95,
        seconds=round(least + (most - least) * draws.uniform("seconds", number), 1),
        delay_seconds=_MOST_SLOW_SECONDS * draws.uniform("slow", number) if kind == "slow" else 0.0,
        by_seconds=draws.pick(_JUMPS_SECONDS, "jump", number) if kind == "jump" else 0.0,
    )


def _target(draws: Draws, number: int, lane: Lane, kind: Kind, targets: Sequence[str]) -> str:
    if kind in _ONLY:
        return _ONLY[kind]
    all_at_once = lane == "servers" and kind in _EVERYWHERE
    if all_at_once and draws.uniform("everywhere", number) < _OF_THESE:
        return EVERY_BROKER
    hit = [each for each in targets if each != _NEVER.get(kind)]
    return draws.pick(hit, "target", number)
