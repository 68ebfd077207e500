"""Live suggestions by whoever holds them and by when they expire, kept from one ledger to the next.

A round that changes few suggestions looks at these alone: sorting all that is live takes a while.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from heapq import merge
from itertools import takewhile
from typing import Self

from crosstie.layered import layered
from crosstie.matching.model import Suggestion

Step = tuple[Suggestion | None, Suggestion | None]  # what was live, what is; None: nothing
Expiry = tuple[int, str]  # expires_at, id

_FEWEST = 4_096  # that came, or went, before all that is live is sorted again


@dataclass(frozen=True, slots=True)
class Holdings:
    """Never changed: `after` makes others."""

    by_member: Mapping[str, tuple[Suggestion, ...]]  # oldest first
    _sorted: list[Expiry]  # ascending; of what was live then
    _later: list[Expiry]  # ascending; of what changed since
    _gone: int  # of all these, as they are no more

    @classmethod
    def of(cls, live: Iterable[Suggestion]) -> Self:
        """Of all that is `live`."""
        found: dict[str, list[Suggestion]] = {}
        ordered = sorted(live, key=_age)
        for suggestion in ordered:
            for subject in suggestion.members:
                found.setdefault(subject, []).append(suggestion)
        by_member = {subject: tuple(theirs) for subject, theirs in found.items()}
        return cls(by_member, sorted(map(_expiry, ordered)), [], 0)

    def after(self, steps: Iterable[Step], live: Mapping[str, Suggestion]) -> Self:
        """Once each of these suggestions went its step, so that all of `live` are."""
        news: dict[str, tuple[Suggestion, ...] | None] = {}
        later, gone = self._later.copy(), self._gone
        for before, now in steps:
            either = before or now
            if either is None:
                continue
            gone += before is not None
            for subject in either.members:
                held = news[subject] if subject in news else self.by_member.get(subject)
                theirs = [each for each in held or () if each.id != either.id]
                if now is not None:
                    insort(theirs, now, key=_age)
                news[subject] = tuple(theirs) or None
            if now is not None:
                insort(later, _expiry(now))
        by_member = layered(self.by_member, news)
        if len(later) + gone > max(_FEWEST, len(live) // 8):
            return type(self)(by_member, sorted(map(_expiry, live.values())), [], 0)
        return type(self)(by_member, self._sorted, later, gone)

    def by_expiry(self, live: Mapping[str, Suggestion]) -> Iterator[Suggestion]:
        """All that is `live`, what expires first before others; some more than once."""
        for when, id in merge(self._sorted, self._later):
            suggestion = live.get(id)
            if suggestion is not None and suggestion.expires_at == when:
                yield suggestion

    def expired(self, at: int, live: Mapping[str, Suggestion]) -> Iterator[Suggestion]:
        """Those of `live` that expired before `at`."""
        return takewhile(lambda each: each.expires_at < at, self.by_expiry(live))


def _age(suggestion: Suggestion) -> tuple[int, str]:
    return suggestion.made_at, suggestion.id


def _expiry(suggestion: Suggestion) -> Expiry:
    return suggestion.expires_at, suggestion.id
