"""What people do with a suggestion: hidden two-sided preferences, and the events that show them.

Everybody has tastes that no platform knows: how open they are, which sectors and directions they
like, whether they follow through. Both sides answer by themselves; a suggestion that both accepted
may end in a meeting, which may turn out useful. Pure: the same seed and suggestion, the same answers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from crosstie.events import Person
from crosstie.simulate.draws import Draws
from crosstie.simulate.scenario import DAY_US, HOUR_US
from crosstie.suggestions import Shown, SuggestionChanged

_OPENNESS = -1.3  # logit of accepting somebody unremarkable
_MEETS, _FINDS_USEFUL = 0.75, 0.65
_SILENT = 0.35  # of those who do not accept, who never answers
_ENDS_WITHIN_DAYS = 60.0


@dataclass(frozen=True, slots=True)
class Reaction:
    """An event that a suggestion sets off, `delay` microseconds after it."""

    delay: int
    id: str
    noun_verb: str
    data: dict[str, Any]


class Answerer:
    """The hidden preferences of everyone, under one seed."""

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)

    def reactions(self, change: SuggestionChanged) -> list[Reaction]:
        """The events that follow this change of state, by delay."""
        if any(shown.person is None for shown in change.members):
            return []
        if change.state == "made":
            told = [
                answer
                for side in range(len(change.members))
                if (answer := self._first_answer(change, side)) is not None
            ]
        elif change.state == "accepted":
            told = self._meeting(change)
        else:
            told = []
        return sorted(told, key=lambda each: (each.delay, each.id))

    def accepts(self, change: SuggestionChanged, side: int) -> float:
        """The probability that members[side] accepts: what a matcher would love to know."""
        me, other = change.members[side], change.members[1 - side]
        draws, name = self._draws, _name(me)
        logit = (
            _OPENNESS
            + 0.9 * draws.spread("open", name)
            + 0.8 * draws.spread("sector", name, other.sector)
            + 0.6 * draws.spread("direction", name, me.direction)
            + 0.3 * draws.spread("kind", name, change.kind)
            + 0.5 * draws.spread("chemistry", *sorted((name, _name(other))))
            + 0.5 * min(len(other.can_give), 3)
            + 0.25 * min(len(change.mutual_contacts), 3)
            + (0.3 if change.cross_sector else 0.0)
        )
        return 1 / (1 + math.exp(-logit))

    def _first_answer(self, change: SuggestionChanged, side: int) -> Reaction | None:
        draws, name = self._draws, _name(change.members[side])
        about = (change.suggestion, name)
        delay = round((0.5 + draws.exponential(16.0, "answers after", *about)) * HOUR_US)
        if draws.uniform("accepts", *about) < self.accepts(change, side):
            return self._answered(change, side, "accepted", delay)
        mood = draws.uniform("refuses", *about)
        if mood < _SILENT:
            return None
        return self._answered(change, side, "declined" if mood < 0.8 else "ignored", delay)

    def _meeting(self, change: SuggestionChanged) -> list[Reaction]:
        """One of the two reports the meeting; each may find it useful; a mentoring ends one day."""
        draws, id = self._draws, change.suggestion
        if draws.uniform("meets", id) >= _MEETS:
            return []
        met = DAY_US + round(draws.exponential(2.0, "meets after", id) * DAY_US)
        reporter = draws.below(len(change.members), "reports", id)
        channel = "mentored" if change.kind == "mentoring" else "met"
        told = [
            Reaction(
                met,
                f"contact/{id}",
                "contact.made",
                {"members": _people(change), "channel": channel},
            ),
            self._answered(change, reporter, "met", met + HOUR_US),
        ]
        told += (
            self._answered(change, side, "useful", met + (2 + side) * HOUR_US)
            for side in range(len(change.members))
            if draws.uniform("useful", id, side) < _FINDS_USEFUL
        )
        if change.kind == "mentoring":
            after = met + round(draws.exponential(_ENDS_WITHIN_DAYS, "ends", id) * DAY_US) + DAY_US
            told.append(
                Reaction(after, f"ended/{id}", "mentoring.ended", self._by(change, reporter))
            )
        return told

    def _answered(self, change: SuggestionChanged, side: int, answer: str, delay: int) -> Reaction:
        data = self._by(change, side) | {"answer": answer}
        return Reaction(delay, f"{answer}/{change.suggestion}/{side}", "suggestion.answered", data)

    def _by(self, change: SuggestionChanged, side: int) -> dict[str, Any]:
        people = _people(change)
        return {"members": people, "by": people[side], "suggestion": change.suggestion}


def _people(change: SuggestionChanged) -> list[dict[str, str]]:
    return [_person(shown).model_dump() for shown in change.members]


def _person(shown: Shown) -> Person:
    assert shown.person is not None  # `reactions` leaves the erased in peace
    return shown.person


def _name(shown: Shown) -> str:
    person = _person(shown)
    return f"{person.authority}/{person.id}"
