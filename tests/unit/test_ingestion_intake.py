"""From arrivals into the log: in order, nobody who was erased, and erasures that a crash cannot halve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from crosstie import instants, sealing
from crosstie.door.arrival import Arrival, checked
from crosstie.door.entries import Entry
from crosstie.erasures import Erasure, Unlogged
from crosstie.errors import BrokerAway
from crosstie.events import ERASED, Person
from crosstie.registry import Platform
from crosstie.vault import Subject
from services.ingestion.intake import MOST_IN_HAND, UNFINISHED_SECONDS, Intake
from services.ingestion.room import Full

PLATFORM = Platform("members", frozenset(["urn:members"]), frozenset(["members"]))
NOON = instants.from_rfc3339("2026-01-05T12:00:00Z")
HOUR = 3600 * instants.SECOND_US
ADA, BOB, CYD = (Person(authority="members", id=each) for each in ("ada", "bob", "cyd"))


def arrival(type: str, data: Any, time: int = NOON, id: str = "7") -> Arrival:
    event = {
        "specversion": "1.0",
        "id": id,
        "source": "urn:members",
        "type": f"org.crosstie.{type}.v1",
        "time": instants.to_rfc3339(time),
        "data": data,
    }
    return checked(event, PLATFORM, NOON)


def named(person: Person) -> dict[str, str]:
    return {"authority": person.authority, "id": person.id}


def joined(person: Person, time: int = NOON) -> Arrival:
    return arrival("member.joined", {"member": named(person), "consent": True}, time)


def erased(person: Person, time: int = NOON) -> Arrival:
    return arrival("member.erased", {"member": named(person)}, time, "erasure")


def gathered(*people: Person) -> Arrival:
    return arrival("gathering.held", {"members": [named(each) for each in people]})


class World:
    """The vault, the erasures and the log in memory; what was done, in order."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.entries: list[Entry] = []
        self.erased: dict[Person, int] = {}
        self.unfinished: list[Unlogged] = []
        self.away = False
        self.intake = Intake(self, self, self, "the-log")  # type: ignore[arg-type]

    async def subjects(self, latest: Mapping[Person, int]) -> dict[Person, Subject]:
        self.done.append({"asked": {each.id: at - NOON for each, at in latest.items()}})
        return {
            each: Subject(each.id.upper() * 5 + "A", sealing.new_key(), self.erased.get(each))
            for each, at in latest.items()
            if each not in self.erased or self.erased[each] < at
        }

    def forget(self, person: Person) -> None:
        self.done.append({"forgotten": person.id})

    async def append(self, topic: str, entries: Iterable[Entry], count: int) -> None:
        if self.away:
            raise BrokerAway("nobody answers")
        some = list(entries)
        assert len(some) <= count
        self.entries += some
        self.done.append({topic: [each.key.decode() for each in some], "at most": count})

    async def retire(self, erasures: Iterable[Erasure]) -> list[Unlogged]:
        asked = list(erasures)
        self.done.append({"retired": [each.person.id for each in asked]})
        self.erased |= {each.person: each.time for each in asked}
        return [Unlogged(f"S-{e.person.id}", e.source, e.id, e.time) for e in asked]

    async def unlogged(self, older_than_seconds: float) -> list[Unlogged]:
        self.done.append({"unlogged for": older_than_seconds})
        return self.unfinished

    async def logged(self, erasures: Iterable[Unlogged]) -> None:
        self.done.append({"logged": [each.subject for each in erasures]})


async def test_arrivals_are_logged_in_order_and_none_is_refused() -> None:
    world = World()
    arrivals = [joined(BOB), joined(ADA), gathered(ADA, BOB, CYD)]
    assert await world.intake.take(arrivals) == [None, None, None]
    _, written = world.done
    assert written["the-log"][:2] == ["member/BOBBOBBOBBOBBOBA", "member/ADAADAADAADAADAA"]
    assert written["at most"] == len(written["the-log"]) == 5


async def test_the_vault_is_asked_for_everyone_as_of_when_they_are_spoken_of_last() -> None:
    world = World()
    early, late = NOON - HOUR, NOON - 1
    await world.intake.take([joined(ADA, early), joined(ADA, late), joined(BOB, early)])
    await world.intake.take([joined(ADA, late), joined(ADA, early)])
    asked = [each["asked"] for each in world.done if "asked" in each]
    assert asked == [{"ada": -1, "bob": -HOUR}, {"ada": -1}]


async def test_what_is_dated_up_to_an_erasure_is_refused_and_what_comes_after_is_taken() -> None:
    world = World()
    world.erased = {ADA: NOON - HOUR}
    before, at, after = (joined(ADA, NOON - HOUR + each) for each in (-1, 0, 1))
    first, second, third = await world.intake.take([before, at, after])
    assert third is None
    for refused, arrival in ((first, before), (second, at)):
        assert refused is not None
        assert refused.pointer == "/time"
        assert instants.to_rfc3339(arrival.time) in refused.value
        assert refused.limit == "after the erasure of everyone it names"
        assert refused.remedy == (
            "nothing to do: someone it names was erased; if they joined again, date events after that"
        )
    assert len(world.entries) == 1


async def test_who_has_no_subject_any_more_is_spoken_of_no_more() -> None:
    world = World()
    world.erased = {ADA: NOON}
    both = arrival("contact.made", {"members": [named(ADA), named(BOB)], "channel": "met"})
    (refused,) = await world.intake.take([both])
    assert refused is not None
    assert world.entries == []


async def test_a_gathering_is_told_of_those_who_are_there_as_long_as_they_are_two() -> None:
    world = World()
    world.erased = {ADA: NOON}
    three, two = gathered(ADA, BOB, CYD), gathered(ADA, BOB)
    told, refused = await world.intake.take([three, two])
    assert told is None
    assert refused is not None
    assert [each.key for each in world.entries] == [b"tie/BOBBOBBOBBOBBOBA/CYDCYDCYDCYDCYDA"]


async def test_an_erasure_is_noted_forgotten_logged_and_closed_in_this_order() -> None:
    world = World()
    assert await world.intake.take([joined(BOB), erased(ADA)]) == [None, None]
    assert world.done[2:] == [
        {"retired": ["ada"]},
        {"forgotten": "ada"},
        {"the-log": ["member/S-ada"], "at most": 1},
        {"logged": ["S-ada"]},
    ]
    headers = dict(world.entries[-1].headers)
    assert (headers["ce_type"], headers["ce_id"]) == (ERASED.encode(), b"erasure")
    assert headers["ce_source"] == b"urn:members"
    assert headers["ce_time"] == instants.to_rfc3339(NOON).encode()
    assert world.entries[-1].value == b'{"member":"S-ada"}'


async def test_what_was_said_before_an_erasure_is_logged_before_it_and_the_rest_after() -> None:
    world = World()
    arrivals = [joined(ADA, NOON - 2), erased(ADA, NOON - 1), joined(ADA, NOON)]
    assert await world.intake.take(arrivals) == [None, None, None]
    steps = [next(iter(each)) for each in world.done]
    once = ["asked", "the-log", "retired", "forgotten", "the-log", "logged"]
    assert steps == [*once, "asked", "the-log"]


async def test_of_two_erasures_in_a_row_each_ends_the_step_for_its_own() -> None:
    world = World()
    arrivals = [erased(ADA, NOON - 2), erased(BOB, NOON - 1), joined(ADA, NOON)]
    assert await world.intake.take(arrivals) == [None, None, None]
    steps = [next(iter(each)) for each in world.done]
    both = ["asked", "the-log", "retired", "forgotten", "forgotten", "the-log", "logged"]
    assert steps == [*both, "asked", "the-log"]


async def test_nothing_is_erased_while_what_was_said_before_cannot_be_logged() -> None:
    world = World()
    world.away = True
    with pytest.raises(BrokerAway):
        await world.intake.take([joined(ADA, NOON - 1), erased(ADA)])
    assert world.erased == {}


async def test_an_erasure_that_cannot_be_logged_is_not_closed_and_finished_later() -> None:
    world = World()
    world.unfinished = [Unlogged("S-ada", "urn:members", "erasure", NOON)]
    await world.intake.finish_erasures()
    assert world.done == [
        {"unlogged for": UNFINISHED_SECONDS},
        {"the-log": ["member/S-ada"], "at most": 1},
        {"logged": ["S-ada"]},
    ]
    world.away = True
    world.done.clear()
    with pytest.raises(BrokerAway):
        await world.intake.finish_erasures()
    assert world.done == [{"unlogged for": UNFINISHED_SECONDS}]


async def test_where_no_erasure_is_unfinished_nothing_is_written() -> None:
    world = World()
    await world.intake.finish_erasures()
    assert world.done == [{"unlogged for": UNFINISHED_SECONDS}]


async def test_the_room_is_that_of_three_full_requests() -> None:
    room = World().intake.room
    with room.held(MOST_IN_HAND), pytest.raises(Full), room.held(1):
        pass
    with room.held(MOST_IN_HAND - 1), room.held(1):
        pass
