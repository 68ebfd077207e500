"""A recorded network told as crosstie events, and folded as profile folds the log.

Kinds of contact that make no tie are left out: the baselines do not see them either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from crosstie.evaluate import times
from crosstie.evaluate.dataset import Dataset
from crosstie.evaluate.protocol import levels
from crosstie.events import LEVELS
from crosstie.matching.arrays import Ints
from crosstie.network import facts
from crosstie.network.facts import Event
from crosstie.network.fold import fold_all
from crosstie.network.state import member_key, tie_key
from crosstie.network.view import Network

_DIGITS = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # ascending: subjects sort as members.csv does
_LENGTH = 16
_CHANNELS: Mapping[str, str] = {  # the nearest; a tie is a tie, whatever its channel
    "email": "messaged",
    "message": "messaged",
    "call": "called",
    "phone": "called",
    "cowork": "collaborated",
}
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "sector": ("sector",),
    "profession": ("profession",),
    "role": ("role",),
    "organisation": ("organisation", "org"),
    "place": ("place", "location"),
}


def subject(number: int) -> str:
    """A subject id per member, in order of members.csv; real ones are random."""
    letters = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        letters.append(_DIGITS[digit])
    return "".join(reversed(letters))


def network(data: Dataset, training: Ints, *, timed: bool = True) -> Network:
    """The network that the fold makes of the members and the events that train.

    Not `timed`: all at one moment. Ties hidden at random are no newer than those that train, so what
    times teach, which ties come later, would be learned for another question.
    """
    rows = fold_all({}, events(data, training, timed=timed))
    return Network.of({key: row for key, row in rows.items() if row is not None})


def events(data: Dataset, training: Ints, *, timed: bool = True) -> Iterator[Event]:
    """joined and described per member, then contact.made per event, in order of time."""
    when = times.moments(data, training.tolist()) if timed else [0] * len(training)
    yield from members(data, min(when, default=0))
    yield from contacts(data, training, when)


def members(data: Dataset, start: int) -> Iterator[Event]:
    """joined and described per member, at `start`."""
    for number, said in enumerate(_described(data)):
        who = subject(number)
        joined = facts.Joined(who, consent=True)
        described = facts.Described(who, **said)
        key = member_key(who)
        yield _event("member.joined", f"joined/{number}", start, key, joined)
        yield _event("member.described", f"described/{number}", start, key, described)


def contacts(data: Dataset, chosen: Ints, when: Sequence[int]) -> Iterator[Event]:
    """contact.made per chosen event, which happened at the time in the same place, in their order."""
    for place in np.argsort(np.array(when, dtype=np.int64), kind="stable").tolist():
        number = int(chosen[place])
        each = data.events[number]
        if each.source == each.target:
            continue
        one, other = subject(each.source), subject(each.target)
        contact = facts.Contact(
            members=(min(one, other), max(one, other)),
            channel=_CHANNELS.get(each.kind, "met"),
            started_by=one if data.meta.directed else None,
        )
        key = tie_key(one, other)
        yield _event("contact.made", f"contact/{number}", when[place], key, contact)


def _event(noun_verb: str, id: str, time: int, key: str, data: Any) -> Event:
    return Event("/evaluate", id, f"org.crosstie.{noun_verb}.v1", time, key, data)


def _described(data: Dataset) -> Iterator[dict[str, Any]]:
    names = {name: data.column(*columns) for name, columns in _COLUMNS.items()}
    index = {each: i for i, each in enumerate(data.column("member_id"))}
    managers = [index.get(each) for each in data.column("reports_to", "x_reports_to")]
    for number, level in enumerate(_levels(data)):
        said: dict[str, Any] = {name: column[number] or None for name, column in names.items()}
        manager = managers[number]
        said["level"] = level
        said["reports_to"] = None if manager is None else subject(manager)
        yield said


def _levels(data: Dataset) -> Sequence[int | None]:
    """The file's where they are of 1 to 7, else their order, spread over 1 to 7."""
    given = levels(data)
    told = np.unique(given[~np.isnan(given)])
    low, high = LEVELS
    if len(told) and (told[0] < low or told[-1] > high or (told != np.rint(told)).any()):
        places = np.rint(np.linspace(low, high, len(told))) if len(told) > 1 else np.array([low])
    else:
        places = told
    level = {float(each): int(place) for each, place in zip(told, places, strict=True)}
    return [level.get(float(each)) for each in given]
