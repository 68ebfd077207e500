"""What one platform is told: its own people by name, others counted, and nobody who is gone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from crosstie.events import Person
from crosstie.matching.model import Change, Reason, Round, Suggestion
from crosstie.network.state import Fact, Row
from crosstie.network.view import Network
from crosstie.suggestions import SuggestionChanged
from crosstie.topics import Topics
from services.matching.reads import summarised
from services.matching.tell import Words
from services.matching.written import Image, summary
from tests.unit.matching.towns import member, rows, tie
from tests.unit.replay.world import made, rounds, suggestion

AUTHORITY = {"ann": "nhs", "bob": "town", "nia": "nhs", "tom": "town", "zoe": "charity"}
PEOPLE = {each: Person(authority=AUTHORITY[each], id=each) for each in AUTHORITY}
MUTUAL = ("zoe", "nia", "tom")


def pair(mutual: tuple[str, ...] = MUTUAL, count: int = 3, **more: Any) -> Suggestion:
    """An introduction of two people of different authorities who both know `count` others."""
    reasons = (Reason("mutual-contacts", count, mutual),)
    return suggestion("s1", ("ann", "bob"), mutual=mutual, reasons=reasons, **more)


def words(*changed: Row, people: Mapping[str, Person] = PEOPLE) -> Words:
    """Everyone is there and knows everyone, but for the rows that `changed`."""
    contacts = [tie(one, other) for one in ("ann", "bob") for other in MUTUAL]
    stated = rows(*(member(each) for each in AUTHORITY), *contacts, *changed)
    return Words(Network.of(stated), people, Topics(), "test")


def to(words: Words, *authorities: str, of: Suggestion | None = None) -> SuggestionChanged:
    return words.data(of or pair(), "made", authorities)


def both_know(data: SuggestionChanged) -> list[str]:
    """The sentence about mutual contacts, as each side reads it."""
    return [
        sentence
        for each in data.members
        for sentence in each.explanation
        if sentence.startswith("You both know")
    ]


def test_a_platform_is_named_its_own_people_and_the_others_are_counted() -> None:
    data = to(words(), "nhs")
    assert data.mutual_contacts == [PEOPLE["nia"]]
    assert both_know(data) == ["You both know nia and 2 more."]


def test_somebody_of_a_third_authority_is_named_to_nobody() -> None:
    for platform in ("nhs", "town"):
        assert "zoe" not in to(words(), platform).model_dump_json()


def test_the_members_are_named_to_both_platforms() -> None:
    for platform in ("nhs", "town"):
        people = [each.person for each in to(words(), platform).members]
        assert people == [PEOPLE["ann"], PEOPLE["bob"]]


def test_what_is_addressed_to_another_platforms_person_is_not_in_it() -> None:
    for platform, theirs in (("nhs", [True, False]), ("town", [False, True])):
        data = to(words(), platform)
        assert [bool(each.explanation) for each in data.members] == theirs


@pytest.mark.parametrize(("count", "said"), [(1, "someone"), (3, "3 people")])
def test_where_nobody_may_be_named_they_are_counted(count: int, said: str) -> None:
    data = to(words(), "nhs", of=pair(("zoe",), count))
    assert data.mutual_contacts == []
    assert both_know(data) == [f"You both know {said}."]


def test_contacts_beyond_those_recorded_are_counted_as_before() -> None:
    data = to(words(), "nhs", of=pair(("nia",), 5))
    assert both_know(data) == ["You both know nia and 4 more."]


def test_a_contact_who_left_is_neither_named_nor_counted() -> None:
    data = to(words(member("zoe", joined=False)), "nhs", "town")
    assert data.mutual_contacts == [PEOPLE["nia"], PEOPLE["tom"]]
    assert both_know(data) == ["You both know nia and tom."] * 2


def test_each_platform_gets_its_own_view_of_the_same_event() -> None:
    (round,) = rounds(made(pair()))
    nhs, town, _ = images(round, nhs=["nhs"], town=["town"])
    assert nhs.headers == town.headers
    named = [json.loads(each.value)["mutual_contacts"][0]["id"] for each in (nhs, town)]
    assert named == ["nia", "tom"]


def test_platforms_of_the_same_people_get_the_same_bytes_again_and_again() -> None:
    (round,) = rounds(made(pair()))
    one, other, _ = images(round, one=["nhs"], other=["nhs"])
    assert (one.key, one.headers, one.value) == (other.key, other.headers, other.value)
    assert images(round, one=["nhs"], other=["nhs"])[0] == one


def test_only_what_a_round_made_names_the_round() -> None:
    over = Change(structs.replace(pair(), state="declined", seq=2), "declined")
    first, second = rounds(made(pair()), (over,))
    (one, _), (two, _) = images(first, nhs=["nhs"]), images(second, nhs=["nhs"])
    assert ("ce_crosstieround", "1") in one.headers
    assert "ce_crosstieround" not in dict(two.headers)


def images(round: Round, **platforms: list[str]) -> tuple[Image, ...]:
    return words().images(round, {"s1": tuple(platforms)}, platforms)


BLOCKED = tie("ann", "bob", contacts=0, blocked_by_a=Fact(True, 1, "test", "b"))
GONE: dict[str, Row] = {
    "left": member("bob", joined=False),
    "withdrew consent": member("bob", consent=False),
    "blocked": BLOCKED,
}


@pytest.mark.parametrize("why", GONE)
def test_nothing_is_told_of_people_who_may_not_be_shown_to_each_other_any_more(why: str) -> None:
    accepted = pair(state="accepted", accepted_by=("ann", "bob"))
    gone = words(GONE[why])
    assert not gone.stands(pair())
    assert not gone.stands(accepted)
    data = gone.data(accepted, "accepted", ["nhs", "town"])
    assert not any(each.explanation or each.sector or each.can_give for each in data.members)
    assert data.mutual_contacts == []


def test_a_pause_takes_back_what_is_open_and_leaves_what_both_accepted() -> None:
    paused = words(member("bob", paused=True))
    assert not paused.stands(pair())
    assert paused.stands(pair(state="accepted", accepted_by=("ann", "bob")))


def test_nobody_stands_who_is_not_known_any_more() -> None:
    assert not words(people={"ann": PEOPLE["ann"]}).stands(pair())


@pytest.mark.parametrize("cause", ["declined", "withdrawn:blocked", "withdrawn:paused"])
def test_a_round_over_http_does_not_tell_why_a_suggestion_ended(cause: str) -> None:
    state = "declined" if cause == "declined" else "withdrawn"
    over = Change(structs.replace(pair(), state=state, seq=2), cause)
    notes = {f"settled.{cause.replace(':', '.')}": 1, "ignored.stranger": 1, "served": 2}
    _, round = rounds(made(pair()), (over,))
    stored = json.loads(summary(structs.replace(round, notes=notes | {"made.introduction": 0})))
    shown = summarised(stored)
    assert shown.counts == {"closed": 1}
    assert shown.notes == {"made.introduction": 0}
    assert stored["counts"] == {cause: 1}, "operators see the cause"


def test_a_round_over_http_does_not_count_one_sides_acceptance() -> None:
    first = Change(structs.replace(pair(), seq=2, accepted_by=("ann",)), "accepted")
    _, round = rounds(made(pair()), (first,))
    assert summarised(json.loads(summary(round))).counts == {}
