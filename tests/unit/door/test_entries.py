"""What an arrival becomes in the log."""

from __future__ import annotations

from typing import Any

import pytest

from crosstie import instants, logrecord
from crosstie.door.arrival import Arrival, checked
from crosstie.door.entries import Entry, entries, erasure
from crosstie.events import Person
from crosstie.network.facts import Event
from crosstie.registry import Platform
from crosstie.sealing import open_sealed
from crosstie.vault import Subject

PLATFORM = Platform("members", frozenset(["urn:members"]), frozenset(["members"]))
NAMES = ("ada", "bob", "cy")
PEOPLE = {name: Person(authority="members", id=name) for name in NAMES}
SUBJECTS = {
    PEOPLE[name]: Subject(letter * 16, letter.encode() * 32)
    for name, letter in zip(NAMES, "CBA", strict=True)
}
KEYS = {each.id: each.data_key for each in SUBJECTS.values()}


def arrival(noun_verb: str, data: Any) -> Arrival:
    event = {
        "specversion": "1.0",
        "id": "7",
        "source": "urn:members",
        "type": f"org.crosstie.{noun_verb}.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": data,
    }
    return checked(event, PLATFORM, instants.from_rfc3339("2026-01-05T12:00:00Z"))


def person(name: str) -> dict[str, str]:
    return PEOPLE[name].model_dump()


def opened(entry: Entry) -> Event:
    return logrecord.opened(logrecord.head_of(entry.key, entry.value, entry.headers), KEYS)


def test_what_is_said_of_a_member_is_sealed_and_opens_to_what_was_sent() -> None:
    sent = arrival("member.described", {"member": person("ada"), "place": "Leeds", "level": None})
    (entry,) = entries(sent, SUBJECTS)
    assert b"Leeds" not in entry.value
    event = opened(entry)
    assert event.key == f"member/{'C' * 16}"
    assert (event.data.member, event.data.place, event.data.level) == ("C" * 16, "Leeds", None)


def test_only_what_was_sent_is_logged() -> None:
    sent = arrival("member.described", {"member": person("ada"), "reports_to": person("bob")})
    (entry,) = entries(sent, SUBJECTS)
    head = logrecord.head_of(entry.key, entry.value, entry.headers)
    opened_value = open_sealed(head.value, KEYS["C" * 16], head.source, head.id)
    assert opened_value == b'{"member":"CCCCCCCCCCCCCCCC","reports_to":"BBBBBBBBBBBBBBBB"}'


def test_a_tie_is_plain_and_keyed_by_both_whoever_comes_first() -> None:
    data = {
        "members": [person("ada"), person("bob")],
        "channel": "met",
        "started_by": person("ada"),
    }
    (entry,) = entries(arrival("contact.made", data), SUBJECTS)
    assert entry.key == f"tie/{'B' * 16}/{'C' * 16}".encode()
    assert opened(entry).data.started_by == "C" * 16


def test_the_same_event_is_the_same_bytes() -> None:
    data = {"member": person("ada"), "item": "n1", "text": "help"}
    assert list(entries(arrival("need.posted", data), SUBJECTS)) == list(
        entries(arrival("need.posted", data), SUBJECTS)
    )


def test_a_gathering_is_every_pair_once_whatever_the_order() -> None:
    members = [person(name) for name in NAMES]
    found = [
        [opened(each) for each in entries(arrival("gathering.held", {"members": some}), SUBJECTS)]
        for some in (members, members[::-1])
    ]
    assert found[0] == found[1]
    a, b, c = "A" * 16, "B" * 16, "C" * 16
    assert [each.id for each in found[0]] == [f"7/{a}/{b}", f"7/{a}/{c}", f"7/{b}/{c}"]
    assert {(each.data.channel, each.data.weight) for each in found[0]} == {("co-attended", 0.5)}


def test_who_was_erased_is_left_out_of_a_gathering_and_the_others_weigh_the_same() -> None:
    members = [person(name) for name in NAMES]
    some = {who: subject for who, subject in SUBJECTS.items() if who.id != "ada"}
    (pair,) = entries(arrival("gathering.held", {"members": members}), some)
    assert opened(pair).data.weight == pytest.approx(0.5)


def test_an_erasure_opens_without_a_key() -> None:
    entry = erasure("urn:members", "8", 5, "A" * 16)
    head = logrecord.head_of(entry.key, entry.value, entry.headers)
    assert logrecord.opened(head, {}).data.member == "A" * 16
