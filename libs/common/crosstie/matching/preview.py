"""`preview`: whom the next round would suggest to one member if nothing else changed. Changes nothing.

It is the course of a round that serves them, so that the next round agrees, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from crosstie.matching.arrays import Ints
from crosstie.matching.base import Base
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Suggestion
from crosstie.matching.occasion import Occasion
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import Course, course
from crosstie.matching.why import why_none


@dataclass(frozen=True, slots=True)
class Preview:
    """All as suggestions of round `n`, so that they can be explained; none of them is made."""

    suggested: tuple[Suggestion, ...]  # what the round would decide, the worthiest first
    next_best: tuple[Suggestion, ...]  # candidates that it would pass over, the worthiest first
    why: str | None  # why nothing is suggested, None where something is


def preview(
    prepared: Prepared,
    ledger: Ledger,
    base: Base,
    policy: Policy,
    occasion: Occasion,
    subject: str,
    most: int = 10,
) -> Preview:
    """What the round would suggest to `subject` alone, and the `most` next best."""
    served = replace(occasion, serve=frozenset((subject,)))
    found = course(prepared.network, ledger, base, policy, served, prepared, whole=True)
    suggested, passed = _theirs(found, subject, most)
    if suggested:
        return Preview(tuple(suggested), tuple(passed), None)
    why = why_none(prepared.network, found.settled, policy, subject, occasion.at, found.trade)
    return Preview((), tuple(passed), why)


def _theirs(found: Course, subject: str, most: int) -> tuple[list[Suggestion], list[Suggestion]]:
    """What was chosen for `subject`, and the `most` worthiest of what was not."""
    chosen: list[Suggestion] = []
    passed: list[Suggestion] = []
    maker = found.maker
    if maker is None:
        return chosen, passed
    i = maker.scorer.people.index.get(subject, -1)
    mine = [(choice.one == i) | (choice.other == i) for choice in found.choices]
    left = [its & ~choice.chosen for its, choice in zip(mine, found.choices, strict=True)]
    enough = _nth([c.worth[its] for c, its in zip(found.choices, left, strict=True)], most)
    for choice, its in zip(found.choices, mine, strict=True):
        which = np.flatnonzero(its & (choice.chosen | (choice.worth >= enough)))
        made = maker.suggestions(choice, which)
        for suggestion, is_chosen in zip(made, choice.chosen[which].tolist(), strict=True):
            (chosen if is_chosen else passed).append(suggestion)
    return sorted(chosen, key=_rank), sorted(passed, key=_rank)[:most]


def _nth(worths: list[Ints], most: int) -> int:
    """The worth that the `most` worthiest reach: what is made of others is thrown away."""
    ordered = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *worths]))[::-1]
    return int(ordered[most - 1]) if most <= len(ordered) else 0


def _rank(suggestion: Suggestion) -> tuple[int, str]:
    return -suggestion.scores["worth"], suggestion.id
