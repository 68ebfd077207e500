"""Live suggestions by whoever holds them and by when they expire, kept from one ledger to the next.

A round that changes few suggestions looks at these alone: sorting all that is live takes a while.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Self

from crosstie.matching.model import Suggestion

Step = tuple[Suggestion | None, Suggestion | None]  # what was live, what is; None: nothing


@dataclass(frozen=True, slots=True)
class Holdings:
    """Never changed: `after` makes others."""

    by_member: Mapping[str, tuple[Suggestion, ...]]  # oldest first
    by_expiry: list[tuple[int, str]]  # (expires_at, id), ascending

    @classmethod
    def of(cls, live: Iterable[Suggestion]) -> Self:
        """Of all that is `live`."""
        found: dict[str, list[Suggestion]] = {}
        ordered = sorted(live, key=_age)
        for suggestion in ordered:
            for subject in suggestion.members:
                found.setdefault(subject, []).append(suggestion)
        by_member = {subject: tuple(theirs) for subject, theirs in found.items()}
        return cls(by_member, sorted(map(_expiry, ordered)))

    def after(self, steps: Iterable[Step]) -> Self:
        """Once each of these suggestions went its step."""
        by_member, by_expiry = dict(self.by_member), self.by_expiry.copy()
        for before, now in steps:
            either = before or now
            if either is None:
                continue
            for subject in either.members:
                theirs = [each for each in by_member.pop(subject, ()) if each.id != either.id]
                if now is not None:
                    insort(theirs, now, key=_age)
                if theirs:
                    by_member[subject] = tuple(theirs)
            if before is not None:
                del by_expiry[bisect_left(by_expiry, _expiry(before))]
            if now is not None:
                insort(by_expiry, _expiry(now))
        return type(self)(by_member, by_expiry)

    def expired(self, at: int) -> Iterator[str]:
        """Ids of those that expired before `at`."""
        return (id for _, id in takewhile(lambda each: each[0] < at, self.by_expiry))


def _age(suggestion: Suggestion) -> tuple[int, str]:
    return suggestion.made_at, suggestion.id


def _expiry(suggestion: Suggestion) -> tuple[int, str]:
    return suggestion.expires_at, suggestion.id
