"""Finished examples, told by the changes of recorded rounds: who said yes or no to whom, who met.

What a side would have said is unknown where the other declined first, or where the world ended the
suggestion (withdrawn, erased, met by themselves). Unanswered until it expired is a no.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from crosstie.matching.model import Change, Kind, Round


class Lesson(Struct, frozen=True, array_like=True):
    """`by` decided about `about`; for `met`, `by` is members[0]. `seen`: see answers.features."""

    what: Literal["answered", "met"]
    yes: bool
    kind: Kind
    made_at: int
    known_at: int
    by: str
    about: str
    seen: tuple[tuple[int, ...], tuple[int, ...]]  # of `by` about `about`, and the other way round


def judgements(change: Change) -> Iterator[tuple[int, bool]]:
    """Sides of the suggestion whose mind this change tells, each once in the suggestion's course."""
    suggestion = change.suggestion
    if change.cause == "accepted":
        for subject in suggestion.accepted_by[-1:]:
            yield suggestion.members.index(subject), True
    elif change.cause == "declined":
        for subject in suggestion.declined_by:
            yield suggestion.members.index(subject), False
    elif change.cause == "expired":
        for side, subject in enumerate(suggestion.members):
            if subject not in suggestion.accepted_by:
                yield side, False


def meeting(change: Change) -> bool | None:
    """Whether two who both accepted an introduction met; None where this change does not tell."""
    suggestion = change.suggestion
    if suggestion.kind == "mentoring" or len(suggestion.accepted_by) < len(suggestion.members):
        return None
    return {"met": True, "ended": False}.get(change.cause)


def lessons(rounds: Iterable[Round]) -> Iterator[Lesson]:
    """What the changes of these rounds teach, in their order; of suggestions with features only."""
    for round in rounds:
        for change in round.changes:
            yield from taught(change, round.at)


def taught(change: Change, at: int) -> Iterator[Lesson]:
    """The lessons of one change, made known at `at`."""
    suggestion = change.suggestion
    if not all(suggestion.features):
        return
    for side, yes in judgements(change):
        seen = suggestion.features if side == 0 else suggestion.features[::-1]
        by, about = suggestion.members[side], suggestion.members[1 - side]
        yield Lesson("answered", yes, suggestion.kind, suggestion.made_at, at, by, about, seen)
    met = meeting(change)
    if met is not None:
        yield Lesson(
            "met",
            met,
            suggestion.kind,
            suggestion.made_at,
            at,
            *suggestion.members,
            suggestion.features,
        )
