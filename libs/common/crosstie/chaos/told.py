"""Events without end: everybody of a made-up place joins, then any two of them meet, and again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from crosstie import instants
from crosstie.simulate.stream import cloud_event

CloudEvent = dict[str, Any]
_SECOND_US = 1_000_000


class Told:
    """Events without end, each its own: first that everybody joins, then who met whom."""

    def __init__(self, source: str, authority: str, people: int, since: int) -> None:
        """`since`: microseconds; contacts are a second apart."""
        self._source, self._authority, self._since = source, authority, since
        self._people = people
        self._numbers = itertools.count()

    def joined(self) -> list[CloudEvent]:
        """Everybody, with consent."""
        return [
            self._event(
                f"joined-{n}",
                self._since,
                "member.joined",
                {"member": self._person(n), "consent": True},
            )
            for n in range(self._people)
        ]

    def contacts(self) -> Iterator[CloudEvent]:
        """Every pair in turn, then again."""
        for n in self._numbers:
            one = n % self._people
            other = (one + 1 + n // self._people % (self._people - 1)) % self._people
            members = [self._person(one), self._person(other)]
            data = {"members": members, "channel": "met"}
            yield self._event(f"met-{n}", self._since + n * _SECOND_US, "contact.made", data)

    def _person(self, n: int) -> dict[str, Any]:
        return {"authority": self._authority, "id": f"p{n}"}

    def _event(self, id: str, time: int, noun_verb: str, data: dict[str, Any]) -> CloudEvent:
        return cloud_event(self._source, id, time, noun_verb, data)


def began() -> int:
    """Long ago: whatever is told lies before now."""
    return instants.from_rfc3339("2020-01-06T00:00:00Z")
