"""What an arrival becomes in the log: one entry, or one per pair of a gathering.

Deterministic: the same event about the same subjects is the same bytes, sealed or not, so that a
client's retry is a duplicate that the fold recognises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import msgspec

from crosstie import logrecord
from crosstie.door.arrival import Arrival
from crosstie.events import ERASED, Gathering, MemberData, Person
from crosstie.network.state import member_key, tie_key
from crosstie.sealing import seal
from crosstie.translation import translate
from crosstie.vault import Subject

CONTACT = "org.crosstie.contact.made.v1"
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of `events.v1`, before Kafka gives it a place."""

    key: bytes
    value: bytes
    headers: Sequence[tuple[str, bytes]]


def entries(arrival: Arrival, subjects: Mapping[Person, Subject]) -> Iterator[Entry]:
    """The entries of `arrival`. Raises KeyError for a person that `subjects` lacks.

    Of a gathering, those whom `subjects` lacks are left out; the others' contacts stay the same.
    """
    if isinstance(arrival.data, Gathering):
        yield from _pairs(arrival, arrival.data, subjects)
        return
    data = translate(arrival.data, {each: subjects[each].id for each in arrival.people})
    if arrival.type.about == "tie":
        yield _entry(
            arrival, arrival.id, arrival.type.name, tie_key(*data["members"]), _encode(data)
        )
        return
    assert isinstance(arrival.data, MemberData)
    subject = subjects[arrival.data.member]
    sealed = seal(_encode(data), subject.data_key, arrival.source, arrival.id)
    yield _entry(
        arrival, arrival.id, arrival.type.name, member_key(subject.id), sealed, sealed=True
    )


def erasure(source: str, id: str, time: int, subject: str) -> Entry:
    """The entry that erases `subject`: in plain, for its key is about to go."""
    headers = logrecord.headers(source, id, ERASED, time, sealed=False)
    return Entry(member_key(subject).encode(), _encode({"member": subject}), headers)


def _pairs(
    arrival: Arrival, gathering: Gathering[Person], subjects: Mapping[Person, Subject]
) -> Iterator[Entry]:
    weight = 1 / (len(gathering.members) - 1)
    data: dict[str, Any] = {"channel": "co-attended", "weight": weight}
    members = sorted(subjects[each].id for each in gathering.members if each in subjects)
    for a, b in combinations(members, 2):
        value = _encode({"members": [a, b]} | data)
        yield _entry(arrival, f"{arrival.id}/{a}/{b}", CONTACT, tie_key(a, b), value)


def _entry(
    arrival: Arrival, id: str, type: str, key: str, value: bytes, *, sealed: bool = False
) -> Entry:
    headers = logrecord.headers(arrival.source, id, type, arrival.time, sealed=sealed)
    return Entry(key.encode(), value, headers)
