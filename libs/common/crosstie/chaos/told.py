"""Events without end: everybody of a made-up place joins, then any two of them meet, and again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from crosstie import instants
from crosstie.client.inbox import record_of
from crosstie.replay.delivery import Identity
from crosstie.simulate.stream import cloud_event

CloudEvent = dict[str, Any]
Headers = dict[str, str | bytes | None]
Record = tuple[bytes, bytes, Headers]  # key, value
_encode = msgspec.json.Encoder().encode
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
            members = [self._person(each) for each in self._pair(n)]
            data = {"members": members, "channel": "met"}
            _, id = self.identity(n)
            yield self._event(id, self._at(n), "contact.made", data)

    def records(self, first: int = 0) -> Iterator[Record]:
        """`contacts` as an inbox takes them, for less than half the work: only people, id and time differ."""
        _, _, headers = record_of(next(self.contacts()))
        same: Headers = {name: value for name, value in headers if name not in {"ce_id", "ce_time"}}
        names = [_encode(self._person(n)) for n in range(self.people)]
        for n in itertools.count(first):
            one, other = self._pair(n)
            key = b"[%b,%b]" % (names[one], names[other])
            id, time = self.identity(n)[1], instants.to_rfc3339(self._at(n))
            value = b'{"members":%b,"channel":"met"}' % key
            yield key, value, same | {"ce_id": id.encode(), "ce_time": time.encode()}

    def identity(self, n: int) -> Identity:
        """Of the contact `n`."""
        return self.source, f"met-{n}"

    def _pair(self, n: int) -> tuple[int, int]:
        one = n % self.people
        return one, (one + 1 + n // self.people % (self.people - 1)) % self.people

    def _at(self, n: int) -> int:
        return self.since + n * _APART_US

    def _person(self, n: int) -> dict[str, Any]:
        return {"authority": self.authority, "id": f"p{n}"}

    def _event(self, id: str, time: int, noun_verb: str, data: dict[str, Any]) -> CloudEvent:
        return cloud_event(self.source, id, time, noun_verb, data)


def began() -> int:
    """Long ago: whatever is told lies before now."""
    return instants.from_rfc3339("2020-01-06T00:00:00Z")
