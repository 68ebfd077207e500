"""A refusal at the door is short and leads on: which type may be meant, which key still sends."""

from __future__ import annotations

import pytest

from crosstie import instants
from crosstie.door.arrival import Forbidden, checked
from crosstie.errors import Rejected
from crosstie.registry import Platform

PLATFORM = Platform("members", frozenset(["urn:members"]), frozenset(["members"]))
EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "urn:members",
    "type": "org.crosstie.member.joined.v1",
    "time": "2026-01-05T09:00:00Z",
    "data": {"member": {"authority": "members", "id": "ada"}, "consent": True},
}


def refusal(kind: str, platform: Platform = PLATFORM) -> Rejected:
    with pytest.raises(Rejected) as caught:
        checked(EVENT | {"type": kind}, platform, instants.from_rfc3339("2026-01-05T12:00:00Z"))
    return caught.value


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("org.crosstie.member.joind.v1", "org.crosstie.member.joined.v1"),
        ("org.crosstie.member.joined.v2", "org.crosstie.member.joined.v1"),
        ("Gathering.Held", "org.crosstie.gathering.held.v1"),
        ("org.crosstie.posted.v1", "org.crosstie.need.posted.v1 or org.crosstie.offer.posted.v1"),
    ],
)
def test_of_an_unknown_type_the_nearest_are_told_and_where_all_are(name: str, near: str) -> None:
    assert refusal(name).limit == f"a type of docs/events.md, such as {near}"
    assert refusal(name).remedy == "see docs/events.md for all of them"


@pytest.mark.parametrize("name", ["org.crosstie.member.abducted.v1", "com.example.v1", "x" * 9999])
def test_a_type_that_is_near_many_or_none_is_told_where_all_are(name: str) -> None:
    assert refusal(name).limit == "a type of docs/events.md"


def test_a_key_whose_sources_are_all_gone_is_told_so_and_what_to_use() -> None:
    nothing = Platform("members", frozenset(), PLATFORM.authorities)
    found = refusal("org.crosstie.member.joined.v1", nothing)
    assert isinstance(found, Forbidden)
    assert found.limit == "a source of this key, which has none left"
    assert found.remedy == "use another key: this one can send nothing"
