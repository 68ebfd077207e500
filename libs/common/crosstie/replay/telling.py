"""Whom a suggestion is delivered to, against registry and vault: every platform whose people it is about.

A platform that was added later hears of what is made from then on: since when it was there is known by
when rounds were decided (see `moments`), and by deliveries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from math import inf

from crosstie.matching.model import Round, Suggestion
from crosstie.replay.history import History
from crosstie.replay.holding import SKEW_MS, Holding
from crosstie.replay.moments import Moments
from crosstie.replay.tables import Snapshot


class Telling:
    """Who should hear of what, by what registry and vault say."""

    def __init__(self, history: History, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._rounds = history.rounds[: snapshot.head.n]
        moments = Moments(history.rounds, history.recorded_at)
        self._holding = Holding(snapshot, moments)
        self._since = {
            each: _since(each, history, moments, snapshot) for each in snapshot.platforms
        }
        self.unknown = 0  # deliveries that nobody can judge any more, once all `faults` were asked

    def authorities(self, platform: str) -> frozenset[str]:
        """All that it has, or had."""
        return self._holding.authorities(platform)

    def faults(self) -> Iterator[str]:
        """Suggestions that were delivered to too few, or to a platform they are no business of."""
        for round in self._rounds:
            for change in round.changes:
                if change.cause == "made":
                    told = round.delivery.get(change.suggestion.id, ())
                    yield from self._missing(change.suggestion, round, told)
                    yield from self._strangers(change.suggestion, round.n, told)

    def _missing(
        self, suggestion: Suggestion, round: Round, told: Collection[str]
    ) -> Iterator[str]:
        """Of members who are known still; those being erased may have been unknown then."""
        people, retired = self._snapshot.people, self._snapshot.retired
        known = [each for each in suggestion.members if each in people and each not in retired]
        for authority in sorted({people[each][0] for each in known}):
            theirs = self._holding.ever(authority)
            nobody = theirs and not any(each in told for each in theirs)
            if nobody and not self._holding.changed(authority):  # who added them was there
                yield f"{suggestion.id}: no platform of {authority} was told"
                continue
            for platform in theirs:
                if platform in told or self._since[platform] > round.n:
                    continue
                if self._holding.surely(platform, authority, round.n):
                    yield f"{platform}: {suggestion.id} should have been told, and was not"
                self.unknown += self._holding.unknown(platform, authority, round.n)

    def _strangers(self, suggestion: Suggestion, n: int, told: Collection[str]) -> Iterator[str]:
        people = self._snapshot.people
        if not all(each in people for each in suggestion.members):
            return
        authorities = {people[each][0] for each in suggestion.members}
        for platform in sorted(self._since.keys() & told):
            if not any(self._holding.perhaps(platform, each, n) for each in authorities):
                yield f"{platform}: {suggestion.id} was told, and is about nobody of theirs"
            elif not any(self._holding.surely(platform, each, n) for each in authorities):
                self.unknown += any(
                    self._holding.unknown(platform, each, n) for each in authorities
                )


def _since(platform: str, history: History, moments: Moments, snapshot: Snapshot) -> float:
    """The first round that must have known the platform: it told it, or opened after it was there."""
    there = snapshot.registered.get(platform, inf) + SKEW_MS
    for round in history.rounds:
        if moments.between(round.n)[0] > there:
            return round.n
        if any(platform in told for told in round.delivery.values()):
            return round.n
    return inf
