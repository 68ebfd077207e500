"""Records of an inbox: into the log, or among the dead letters, each tried until it is there."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from crosstie import dlq
from crosstie.door.arrival import Arrival
from crosstie.door.entries import Entry
from crosstie.door.record import MOST_BYTES
from crosstie.errors import BrokerAway, DatabaseAway, Rejected
from crosstie.registry import PLATFORM
from crosstie.runtime import database
from crosstie.runtime.service import Running
from crosstie.topics import Topics
from services.ingestion.door import EVENTS
from services.ingestion.intake import MOST_ENTRIES
from services.ingestion.letters import Letters
from services.ingestion.room import Room
from tests.logged import fields

TOPICS = Topics("t.")
INBOX = f"{TOPICS.inbox_prefix}members"
STRANGE = f"{TOPICS.inbox_prefix}nobody"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_FIRST_WAIT_SECONDS", 0.0001)


def record(offset: int, *, topic: str = INBOX, member: str = "ada", **more: Any) -> Any:
    event = {
        "specversion": "1.0",
        "id": f"{offset}",
        "source": "urn:members",
        "type": "org.crosstie.member.joined.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": {"member": {"authority": "members", "id": member}, "consent": True},
    } | more
    return SimpleNamespace(
        topic=topic,
        partition=3,
        offset=offset,
        key=None,
        value=json.dumps(event).encode(),
        headers=[],
    )


class World(Letters):
    """Letters whose registry, intake and log are in memory; each may be away for a while."""

    def __init__(self) -> None:
        self.running = Running()
        self.room = Room(2 * MOST_ENTRIES)
        self.taken: list[list[str]] = []
        self.held: list[int] = []
        self.buried: list[Entry] = []
        self.refuses: set[str] = set()
        self.away: list[str] = []
        self.asked: list[str] = []
        intake = SimpleNamespace(room=self.room, take=self._into_the_log)
        super().__init__(TOPICS, self, intake, self, self.running)  # type: ignore[arg-type]

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[World]:
        """A connection to the registry."""
        self._fails("registry", DatabaseAway)
        yield self

    async def fetchrow(self, statement: str, name: str) -> dict[str, Any] | None:
        assert statement == PLATFORM
        self.asked.append(name)
        if name != "members":
            return None
        return {"name": name, "sources": ["urn:members"], "authorities": ["members"]}

    async def _into_the_log(self, arrivals: list[Arrival]) -> list[Rejected | None]:
        self._fails("intake", BrokerAway)
        self.taken.append([each.id for each in arrivals])
        self.held.append(self.room._held)
        late = Rejected("/time", "x", "y", "z")
        return [late if each.id in self.refuses else None for each in arrivals]

    async def append(self, topic: str, entries: Iterable[Entry], count: int) -> None:
        self._fails("dlq", BrokerAway)
        some = list(entries)
        assert (topic, count) == (TOPICS.dlq.name, len(some))
        self.buried += some

    def _fails(self, what: str, error: type[Exception]) -> None:
        if what in self.away:
            self.away.remove(what)
            raise error(what)

    @property
    def letters(self) -> list[tuple[str, str]]:
        """Where each dead letter stood, and what was wrong."""
        found = (dict(each.headers) for each in self.buried)
        return [
            (f"{each[dlq.OFFSET].decode()}", json.loads(each[dlq.REASON])["pointer"])
            for each in found
        ]


async def test_what_is_right_is_taken_in_order_and_nothing_is_buried() -> None:
    world = World()
    await world.take([record(1), record(2), record(3)])
    assert world.taken == [["1", "2", "3"]]
    assert world.held == [3]
    assert world.buried == []
    await world.room.empty()


async def test_what_is_wrong_is_buried_with_the_reason_and_its_neighbours_go_on() -> None:
    world = World()
    broken = record(2)
    broken.value = b"{"
    await world.take([record(1), broken, record(3, source="urn:others"), record(4)])
    assert world.taken == [["1", "4"]]
    assert world.letters == [("2", ""), ("3", "/source")]
    assert world.buried[0].value == b"{"


async def test_what_is_refused_while_it_is_taken_is_buried_under_its_own_offset() -> None:
    world = World()
    world.refuses = {"3"}
    broken = record(1)
    broken.value = b"{"
    await world.take([broken, record(2), record(3), record(4)])
    assert world.letters == [("1", ""), ("3", "/time")]


async def test_an_inbox_of_nobody_is_buried_and_says_how_to_register_it() -> None:
    world = World()
    await world.take([record(1, topic=STRANGE), record(2)])
    assert world.taken == [["2"]]
    (letter,) = world.buried
    assert json.loads(dict(letter.headers)[dlq.REASON]) == {
        "pointer": "",
        "value": f'"{STRANGE}"',
        "limit": "the inbox of a registered platform",
        "remedy": "register it with `crosstie platforms add`, then replay this",
    }


async def test_what_has_only_a_key_counts_it_too() -> None:
    world = World()
    heavy = record(1)
    heavy.key = b"k" * MOST_BYTES
    await world.take([heavy])
    assert world.letters == [("1", "")]


async def test_each_step_is_tried_again_until_it_works() -> None:
    world = World()
    world.away = ["registry", "registry", "intake", "intake", "dlq", "dlq"]
    await world.take([record(1), record(2, source="urn:others")])
    assert world.away == []
    assert world.taken == [["1"]]
    assert world.letters == [("2", "/source")]


async def test_a_service_that_stops_tries_no_more_and_says_so() -> None:
    world = World()
    world.running.stop.set()
    world.away = ["intake"]
    with pytest.raises(BrokerAway):
        await world.take([record(1)])
    assert world.buried == []


async def test_a_platform_is_looked_up_once_a_minute_and_a_stranger_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    world = World()
    for each in (0.0, 59.9, 0.2):
        now += each
        await world.take([record(1), record(2), record(3, topic=STRANGE)])
    assert world.asked.count("members") == 2
    assert world.asked.count("nobody") == 3


def crowd(offset: int) -> Any:
    """A gathering of 200 people: as many entries of the log as there are pairs among them."""
    people = [{"authority": "members", "id": f"p{n}"} for n in range(200)]
    return record(offset, type="org.crosstie.gathering.held.v1", data={"members": people})


async def test_large_batches_are_taken_in_portions_that_each_hold_their_room() -> None:
    world = World()
    await world.take([record(1), crowd(2), crowd(3), record(4)])
    assert world.taken == [["1", "2"], ["3", "4"]]
    assert world.held == [19_901, 19_901]


async def test_a_portion_holds_as_much_as_is_allowed_and_no_more() -> None:
    world = World()
    full = [crowd(0), *(record(n) for n in range(1, MOST_ENTRIES - 19_900 + 1))]
    await world.take([*full, record(101)])
    assert world.held == [MOST_ENTRIES, 1]
    await world.take([*full, *full])
    assert world.held[2:] == [MOST_ENTRIES, MOST_ENTRIES]


async def test_operators_read_what_waits_what_was_refused_and_who_sent_how_many(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.away = ["registry", "intake", "dlq"]
    with caplog.at_level("INFO", "crosstie"):
        await world.take([record(1), record(2, source="urn:others"), record(3, topic=STRANGE)])
    said: dict[str, list[dict[str, Any]]] = {}
    for each in caplog.records:
        said.setdefault(each.getMessage(), []).append(fields(each))
    waits = ["look a platform up", "log a portion", "write dead letters"]
    assert [each["what"] for each in said["retrying"]] == waits
    assert said["dead letter"] == [
        {"topic": INBOX, "partition": 3, "offset": 2, "pointer": "/source"},
        {"topic": STRANGE, "partition": 3, "offset": 3, "pointer": ""},
    ]
    received = sorted(said["received"], key=lambda each: str(each["platform"]))
    assert received == [
        {"door": "kafka", "platform": "members", "accepted": 1, "rejected": 1},
        {"door": "kafka", "platform": "nobody", "accepted": 0, "rejected": 1},
    ]


async def test_a_name_that_a_platform_chose_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    words: dict[str, Any] = {"my divorce": 1}
    data = {"member": {"authority": "members", "id": "ada"}, "consent": True} | words
    with caplog.at_level("INFO", "crosstie"):
        await world.take([record(1, data=data), record(2, **words)])
    assert [pointer for _, pointer in world.letters] == ["/data/my divorce", "/my divorce"]
    assert "divorce" not in str([vars(each) for each in caplog.records])


async def test_what_came_is_counted_by_platform() -> None:
    world = World()
    before = counted()
    await world.take([record(1), record(2, source="urn:others"), record(3, topic=STRANGE)])
    accepted, rejected = (now - then for now, then in zip(counted(), before, strict=True))
    assert (accepted, rejected) == (1, 2)


def counted() -> list[float]:
    return [EVENTS.labels("kafka", each)._value.get() for each in ("accepted", "rejected")]
