"""Events without end: everybody of a made-up place joins, then any two of them meet, and again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosstie import instants
from crosstie.replay.delivery import Identity
from crosstie.simulate.stream import cloud_event

CloudEvent = dict[str, Any]
_APART_US = 100_000


@dataclass(frozen=True, slots=True)
class Poured:
    """How much was offered, whatever became of it, and how long that took."""

    events: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Told:
    """Events without end, each its own: first that everybody joins, then who met whom.

    `since`: microseconds; contacts are a tenth of a second apart, for of millions the last shall not
    be so late after the first that doubles are not known any more.
    """

    source: str
    authority: str
    people: int
    since: int

    def joined(self) -> list[CloudEvent]:
        """Everybody, with consent."""
        return [
            self._event(
                f"joined-{n}",
                self.since,
                "member.joined",
                {"member": self._person(n), "consent": True},
            )
            for n in range(self.people)
        ]

    def contacts(self, first: int = 0) -> Iterator[CloudEvent]:
        """Every pair in turn, then again; from the `first` contact on."""
        for n in itertools.count(first):
            one = n % self.people
            other = (one + 1 + n // self.people % (self.people - 1)) % self.people
            members = [self._person(one), self._person(other)]
            data = {"members": members, "channel": "met"}
            _, id = self.identity(n)
            yield self._event(id, self.since + n * _APART_US, "contact.made", data)

    def identity(self, n: int) -> Identity:
        """Of the contact `n`."""
        return self.source, f"met-{n}"

    def _person(self, n: int) -> dict[str, Any]:
        return {"authority": self.authority, "id": f"p{n}"}

    def _event(self, id: str, time: int, noun_verb: str, data: dict[str, Any]) -> CloudEvent:
        return cloud_event(self.source, id, time, noun_verb, data)


def began() -> int:
    """Long ago: whatever is told lies before now."""
    return instants.from_rfc3339("2020-01-06T00:00:00Z")
