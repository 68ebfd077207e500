"""Token buckets, and how arrivals are cut into steps and portions."""

from __future__ import annotations

from typing import Any

from crosstie import instants
from crosstie.door.arrival import Arrival, checked
from crosstie.registry import Platform
from crosstie.runtime.buckets import MOST_KEYS, Buckets
from services.ingestion.intake import MOST_ENTRIES, steps
from services.ingestion.letters import portions

PLATFORM = Platform("members", frozenset(["urn:members"]), frozenset(["members"]))


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
    return {"authority": "members", "id": name}


def joined(name: str) -> Arrival:
    return arrival("member.joined", {"member": person(name), "consent": True})


def erased(name: str) -> Arrival:
    return arrival("member.erased", {"member": person(name)})


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    buckets = Buckets(rate=10)
    assert [buckets.wait("k", 0.0) for _ in range(20)] == [0.0] * 20
    assert buckets.wait("k", 0.0) == 0.1
    assert buckets.wait("other", 0.0) == 0.0
    assert buckets.wait("k", 0.1) == 0.0
    assert buckets.wait("k", 0.1) > 0


def test_a_slow_rate_still_lets_one_through() -> None:
    buckets = Buckets(rate=0.1)
    assert buckets.wait("k", 0.0) == 0.0
    assert buckets.wait("k", 0.0) == 10.0
    assert buckets.wait("k", 10.0) == 0.0


def test_buckets_are_bounded() -> None:
    buckets = Buckets(rate=1)
    for n in range(MOST_KEYS + 10):
        buckets.wait(str(n), 0.0)
    assert len(buckets._levels) == MOST_KEYS


def test_a_step_ends_where_someone_erased_is_spoken_of_again() -> None:
    a, b, c = joined("ada"), erased("ada"), joined("bob")
    d, e = joined("ada"), erased("ada")
    assert list(steps([a, b, c, d, e])) == [[a, b, c], [d, e]]
    assert list(steps([b, e])) == [[b, e]]
    assert list(steps([])) == []


def test_portions_never_grow_past_the_limit_and_lose_nothing() -> None:
    crowd = arrival("gathering.held", {"members": [person(f"p{n}") for n in range(200)]})
    one = joined("ada")
    arrivals = [one, crowd, one, crowd, *[one] * (MOST_ENTRIES + 1)]
    found = list(portions(iter(arrivals)))
    assert [each for portion in found for each in portion] == arrivals
    assert all(sum(each.entries for each in portion) <= MOST_ENTRIES for portion in found)
    assert len(found) == 3
