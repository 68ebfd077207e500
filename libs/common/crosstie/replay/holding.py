"""Which platforms had an authority while a round was decided: as the registry dates what changed.

Rounds have the log's time and platforms the wall clock's: `moments` says what is known of the one in
terms of the other.
"""

from __future__ import annotations

from math import inf

from crosstie.replay.moments import Moments, Span
from crosstie.replay.tables import AuthorityChange, Snapshot

SKEW_MS = 60_000  # clocks of services, of Kafka and of PostgreSQL may be apart so far


class Holding:
    """Who has an authority, or had it, and when."""

    def __init__(self, snapshot: Snapshot, moments: Moments) -> None:
        self._moments = moments
        # -inf: since the platform was added, inf: still
        self._spans: dict[tuple[str, str], list[Span]] = {}
        for platform, authorities in snapshot.platforms.items():
            changes = [each for each in snapshot.changes if each.platform == platform]
            for authority in {*authorities, *(each.authority for each in changes)}:
                mine = [each for each in changes if each.authority == authority]
                self._spans[platform, authority] = _spans(mine)
        self._changed = {each.authority for each in snapshot.changes}

    def changed(self, authority: str) -> bool:
        """Whether some platform was given it, or lost it, after that platform was added."""
        return authority in self._changed

    def ever(self, authority: str) -> list[str]:
        """The platforms that have it, or had it, in order of name."""
        return sorted(platform for platform, had in self._spans if had == authority)

    def authorities(self, platform: str) -> frozenset[str]:
        """All that it has, or had."""
        return frozenset(had for each, had in self._spans if each == platform)

    def surely(self, platform: str, authority: str, n: int) -> bool:
        """Whether it had it all the time that round n may have been decided in, once it was there."""
        opened, published = self._moments.between(n)
        return any(
            (since == -inf or since + SKEW_MS < opened)
            and (until == inf or published < until - SKEW_MS)
            for since, until in self._spans.get((platform, authority), ())
        )

    def perhaps(self, platform: str, authority: str, n: int) -> bool:
        """Whether it had it at some time that round n may have been decided in."""
        opened, published = self._moments.between(n)
        return any(
            since - SKEW_MS < published and opened < until + SKEW_MS
            for since, until in self._spans.get((platform, authority), ())
        )

    def unknown(self, platform: str, authority: str, n: int) -> bool:
        """Whether nobody can tell any more if it had it when round n was decided."""
        if self._moments.known(n) or self.surely(platform, authority, n):
            return False
        return self.perhaps(platform, authority, n)


def _spans(changes: list[AuthorityChange]) -> list[Span]:
    """From when until when one platform had one authority, that it has now or had before a change."""
    spans: list[Span] = []
    since: float | None = None if changes and changes[0].added else -inf
    for each in changes:
        if each.added and since is None:
            since = each.at
        elif not each.added and since is not None:
            spans.append((since, each.at))
            since = None
    return spans if since is None else [*spans, (since, inf)]
