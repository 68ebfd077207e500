"""A platform's people react once to each change, when its time has come."""

from __future__ import annotations

from crosstie.events import Person
from crosstie.simulate.reactions import Reactions
from crosstie.simulate.scenario import DAY_US
from crosstie.suggestions import Shown, SuggestionChanged

FOREVER = 10_000 * DAY_US


def change(number: int, seq: int, state: str) -> SuggestionChanged:
    people = [Person(authority="a", id=f"{side}{number}") for side in "xy"]
    return SuggestionChanged.model_validate(
        {
            "suggestion": f"{number:032x}",
            "seq": seq,
            "state": state,
            "round": 1,
            "kind": "introduction",
            "cross_sector": True,
            "members": [Shown(person=each, direction="across", can_give=["x"]) for each in people],
        }
    )


def reactions_to(*changes: SuggestionChanged) -> Reactions:
    reactions = Reactions("/s", seed=1)
    for each in changes:
        reactions.hear(each, time=0)
    return reactions


def test_nothing_comes_before_its_time() -> None:
    reactions = reactions_to(*(change(n, 1, "made") for n in range(20)))
    first = reactions.next
    assert first is not None
    assert first > 0
    assert reactions.before(first) == []
    assert len(reactions.before(first + 1)) == 1


def test_each_reaction_comes_once_and_in_order_of_time() -> None:
    reactions = reactions_to(*(change(n, 1, "made") for n in range(20)))
    told = reactions.before(FOREVER)
    assert [each["time"] for each in told] == sorted(each["time"] for each in told)
    assert reactions.before(FOREVER) == []
    assert sum(reactions.counted.values()) == len(told)


def test_a_change_read_again_sets_nothing_off() -> None:
    once = reactions_to(*(change(n, 1, "made") for n in range(20)))
    again = reactions_to(*(change(n, 1, "made") for n in range(20) for _ in range(2)))
    assert len(again) == len(once)


def test_an_older_seq_is_ignored() -> None:
    reactions = reactions_to(*(change(n, 2, "closed") for n in range(20)))
    for number in range(20):
        reactions.hear(change(number, 1, "made"), time=0)
    assert len(reactions) == 0


def test_whoever_takes_no_time_reacts_at_once_and_as_they_would_have() -> None:
    changes = [change(n, 1, "made") for n in range(20)]
    soon = Reactions("/s", seed=1, pace=0.0)
    for each in changes:
        soon.hear(each, time=5)
    told = soon.before(6)
    assert len(soon) == 0
    assert {each["id"] for each in told} == {
        each["id"] for each in reactions_to(*changes).before(FOREVER)
    }
