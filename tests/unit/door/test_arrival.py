"""One event at the door: what passes, and for what does not, where and why."""

from __future__ import annotations

from typing import Any

import pytest

from crosstie import instants
from crosstie.door.arrival import Forbidden, checked, loggable, named
from crosstie.door.faults import MOST_FAULTS
from crosstie.errors import Rejected
from crosstie.events import EVENT_TYPES
from crosstie.registry import Platform

PLATFORM = Platform("members", frozenset(["urn:members"]), frozenset(["members"]))
NOW = instants.from_rfc3339("2026-01-05T12:00:00Z")


def person(name: str, authority: str = "members") -> dict[str, str]:
    return {"authority": authority, "id": name}


def event(noun_verb: str = "member.joined", data: Any = None, **more: Any) -> dict[str, Any]:
    data = {"member": person("ada"), "consent": True} if data is None else data
    made = {
        "specversion": "1.0",
        "id": "1",
        "source": "urn:members",
        "type": f"org.crosstie.{noun_verb}.v1",
        "time": "2026-01-05T09:00:00Z",
        "data": data,
    } | more
    return {name: value for name, value in made.items() if value is not ...}


STRANGERS = {"members": [person("a", "x"), person("b", "y")], "channel": "met"}


def refusal(sent: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        checked(sent, PLATFORM, NOW)
    return caught.value


@pytest.mark.parametrize(
    ("sent", "value", "limit"),
    [
        (event(id=...), "(missing)", "text of 1 to 256 printable characters"),
        (event(id=None), "null", "text of 1 to 256 printable characters"),
        (event(specversion=...), "(missing)", '"1.0"'),
        (event(data={"consent": True}), "(missing)", "given"),
        (event(data={"member": "ada", "consent": True}), "text of 3 characters", "a JSON object"),
        (
            event(data={"member": person("ada"), "consent": {"a": None}}),
            "an object of 1",
            "a valid",
        ),
        (event(data={"member": person("ada"), "consent": 7}), "7", "a valid"),
        ("What I said", "text of 11 characters", "a CloudEvent"),
        (
            event(data={"member": person("a", "NO"), "consent": True}),
            "text of 2 characters",
            "text of the form ^[a-z0-9-]{1,40}$",
        ),
    ],
)
def test_what_stood_there_is_said_unless_it_may_be_somebodys_words(
    sent: Any, value: str, limit: str
) -> None:
    refused = refusal(sent)
    assert refused.value == value
    assert refused.limit.startswith(limit)


def test_a_whole_number_may_be_written_as_a_float() -> None:
    """JSON has one kind of number; some writers add the .0."""
    availability = {"member": person("ada"), "introductions_per_week": 2.0, "mentors_wanted": 1.5}
    refused = refusal(event("availability.set", availability))
    assert pointers(refused) == ["/data/mentors_wanted"]
    data = checked(event("availability.set", availability | {"mentors_wanted": 1.0}), PLATFORM, NOW)
    sent = data.data.model_dump_json()
    assert '"introductions_per_week":2,"mentors_wanted":1,' in sent


def pointers(refused: Rejected) -> list[str]:
    return [refused.pointer, *(each.pointer for each in refused.others)]


def test_everything_that_is_wrong_is_pointed_at_the_first_fault_before_the_others() -> None:
    data = {"member": person("a b"), "consent": "my words", "age": 7}
    refused = refusal(event(id="", time="yesterday", specversion="0.3", data=data))
    assert pointers(refused) == [
        "/specversion",
        "/id",
        "/time",
        "/data/member/id",
        "/data/consent",
        "/data/age",
    ]
    assert "my words" not in "".join(map(str, refused.others))
    assert {each.value for each in refused.others[2:]} == {
        "text of 3 characters",
        "text of 8 characters",
        "7",
    }


def test_at_most_ten_faults_are_told() -> None:
    data = {"member": person("a b")} | {f"n{n}": n for n in range(20)}
    assert len(pointers(refusal(event(id="", data=data)))) == MOST_FAULTS == 10


def test_somebody_elses_person_is_told_beside_what_else_is_wrong() -> None:
    data = {"member": person("ada", "others"), "consent": True}
    refused = refusal(event(time="yesterday", data=data))
    assert pointers(refused) == ["/time", "/data/member/authority"]
    assert not isinstance(refused, Forbidden)


@pytest.mark.parametrize(
    ("sent", "pointer", "allowed"),
    [
        (event("my.words", {}), "/type", ["a type of docs/events.md"]),
        (
            event("contact.made", {"members": [person("a"), person("b")], "channel": "my.words"}),
            "/data/channel",
            ["'met'", "'called'", "'mentored'"],
        ),
    ],
)
def test_for_a_word_that_is_none_of_ours_ours_are_named(
    sent: Any, pointer: str, allowed: list[str]
) -> None:
    refused = refusal(sent)
    assert refused.pointer == pointer
    assert all(each in refused.limit for each in allowed)
    assert "my.words" not in refused.limit


def test_extension_attributes_and_a_media_type_of_json_pass() -> None:
    sent = event(traceparent="00-1", datacontenttype="application/json; charset=utf-8", subject="x")
    arrival = checked(sent, PLATFORM, NOW)
    assert (arrival.source, arrival.id) == ("urn:members", "1")
    assert arrival.time == instants.from_rfc3339("2026-01-05T09:00:00Z")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"specversion": "0.3"}, "/specversion"),
        ({"specversion": ...}, "/specversion"),
        ({"type": "org.crosstie.member.joined.v2"}, "/type"),
        ({"type": 7}, "/type"),
        ({"id": ""}, "/id"),
        ({"id": "x" * 257}, "/id"),
        ({"id": "a\nb"}, "/id"),
        ({"id": ...}, "/id"),
        ({"source": ...}, "/source"),
        ({"source": "urn:others"}, "/source"),
        ({"time": ...}, "/time"),
        ({"time": "2026-01-05T09:00:00"}, "/time"),
        ({"time": "2026-01-05T12:05:01Z"}, "/time"),
        ({"time": "1899-12-31T23:59:59Z"}, "/time"),
        ({"time": "2026-06-31T00:00:00Z"}, "/time"),
        ({"data": ...}, "/data"),
        ({"data": "text"}, "/data"),
        ({"data": {"member": person("ada")}}, "/data/consent"),
        ({"data": {"member": person("ada"), "consent": 1}}, "/data/consent"),
        ({"data": {"member": person("ada"), "consent": True, "a/b": 1}}, "/data/a~1b"),
        ({"data": {"member": person("a b"), "consent": True}}, "/data/member/id"),
        ({"datacontenttype": "text/xml"}, "/datacontenttype"),
        ({"data_base64": "e30="}, "/data_base64"),
        ({"dataContentType": "application/json"}, "/dataContentType"),
    ],
)
def test_what_is_wrong_is_pointed_at(more: dict[str, Any], pointer: str) -> None:
    found = refusal(event(**more))
    assert found.pointer == pointer
    assert found.limit
    assert found.remedy


@pytest.mark.parametrize(
    ("pointer", "logged"),
    [
        ("", ""),
        ("/", "/…"),
        ("/source", "/source"),
        ("/data_base64", "/data_base64"),
        ("/data/members/17/authority", "/data/members/17/authority"),
        ("/data/wishes/sectors/0", "/data/wishes/sectors/0"),
        ("/data/my divorce", "/data/…"),
        ("/data/my~1divorce/text", "/data/…/text"),
        ("/data/interests/0123456789", "/data/interests/…"),
        ("/divorced", "/…"),
    ],
)
def test_of_a_pointer_only_names_of_ours_are_logged(pointer: str, logged: str) -> None:
    assert loggable(pointer) == logged


@pytest.mark.parametrize(
    "time", ["2026-01-05T12:05:00Z", "2026-01-05t10:00:00.123456789+02:00", "1900-01-01T00:00:00Z"]
)
def test_any_age_and_five_minutes_ahead_pass(time: str) -> None:
    assert checked(event(time=time), PLATFORM, NOW).time <= NOW + 300_000_000


@pytest.mark.parametrize("sent", [None, 7, "x", [], True])
def test_what_is_no_object_is_refused(sent: Any) -> None:
    assert refusal(sent).pointer == ""
    assert named(sent) is None


def test_limits_are_said_in_numbers() -> None:
    data = {"member": person("ada"), "level": 9}
    found = refusal(event("member.described", data))
    assert str(found).startswith("/data/level is 9, must be less than or equal to 7; ")


@pytest.mark.parametrize(
    ("noun_verb", "data", "pointer"),
    [
        ("member.joined", {"member": person("a", "x"), "consent": True}, "/data/member/authority"),
        ("contact.made", STRANGERS, "/data/members"),
        ("gathering.held", {"members": [person("a"), person("b", "x"), person("c", "y")]}, "/data/members/2"),
        ("member.blocked", {"members": [person("a"), person("b", "x")], "by": person("b", "x")}, "/data/by"),
    ],
)  # fmt: skip
def test_nobody_writes_about_other_platforms_people(
    noun_verb: str, data: dict[str, Any], pointer: str
) -> None:
    found = refusal(event(noun_verb, data))
    assert isinstance(found, Forbidden)
    assert found.pointer == pointer


def test_a_tie_needs_one_person_of_ones_own() -> None:
    members = [person("a"), person("b", "x")]
    made = event("contact.made", {"members": members, "channel": "met"})
    assert checked(made, PLATFORM, NOW).entries == 1
    assert checked(event("gathering.held", {"members": members}), PLATFORM, NOW).entries == 1


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_type_refuses_empty_data_with_a_remedy(name: str) -> None:
    found = refusal(event(data={}, type=name))
    assert found.pointer.startswith("/data/")
    assert name in found.remedy


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        (event("member.described", {"member": person("ada"), "sector": "a\0"}), "/data/sector"),
        (
            event("member.described", {"member": person("ada"), "interests": ["a", "\0"]}),
            "/data/interests/1",
        ),
        (
            event("need.posted", {"member": person("ada"), "item": "1", "text": "a\0b"}),
            "/data/text",
        ),
        (event(traceparent="\0"), "/traceparent"),
        (event(id="\0"), "/id"),
    ],
)
def test_what_postgresql_cannot_hold_is_refused_where_it_stands(sent: Any, pointer: str) -> None:
    found = refusal(sent)
    assert found.pointer == pointer
    assert "without U+0000" in found.limit
    assert "\0" not in str(found)
