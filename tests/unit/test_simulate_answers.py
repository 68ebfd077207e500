"""Hidden preferences: both sides answer by themselves, always the same way, as valid events."""

from __future__ import annotations

import json

from crosstie.events import EVENT_TYPES, Person
from crosstie.simulate.answers import Answerer, Reaction
from crosstie.suggestions import Shown, SuggestionChanged


def suggestion(number: int, state: str = "made", **given: object) -> SuggestionChanged:
    members = [
        Shown(
            person=Person(authority="locality", id=f"{side}-{number}"),
            sector=sector,
            role="nurse",
            level=3,
            direction="across",
            can_give=["time"],
        )
        for side, sector in (("a", "hospital"), ("b", "housing"))
    ]
    fields = {
        "suggestion": f"{number:032x}",
        "seq": 1,
        "state": state,
        "round": 1,
        "kind": "introduction",
        "cross_sector": True,
        "members": members,
    }
    return SuggestionChanged.model_validate(fields | given)


def answers(reactions: list[Reaction]) -> list[str]:
    return [each.data["answer"] for each in reactions if "answer" in each.data]


def test_the_same_suggestion_gets_the_same_answers() -> None:
    for number in range(50):
        assert Answerer(3).reactions(suggestion(number)) == Answerer(3).reactions(
            suggestion(number)
        )


def test_some_accept_some_decline_some_ignore_and_some_never_answer() -> None:
    told = [answers(Answerer(1).reactions(suggestion(number))) for number in range(300)]
    flat = [answer for each in told for answer in each]
    assert {"accepted", "declined", "ignored"} == set(flat)
    assert any(len(each) < 2 for each in told)
    assert 0.3 < flat.count("accepted") / 600 < 0.8


def test_an_accepted_suggestion_may_lead_to_a_meeting_and_its_use() -> None:
    told = [Answerer(1).reactions(suggestion(number, "accepted")) for number in range(200)]
    met = [each for each in told if "met" in answers(each)]
    assert 0.6 < len(met) / len(told) < 0.9
    assert any("useful" in answers(each) for each in met)
    assert all(any(r.noun_verb == "contact.made" for r in each) for each in met)


def test_a_mentoring_that_met_ends_one_day() -> None:
    told = [
        Answerer(1).reactions(suggestion(number, "accepted", kind="mentoring"))
        for number in range(50)
    ]
    for reactions in (each for each in told if each):
        assert reactions[-1].noun_verb == "mentoring.ended"


def test_what_ended_or_names_an_erased_person_gets_no_answer() -> None:
    erased = Shown(person=None, direction="across")
    for state in ("closed", "withdrawn", "expired"):
        assert Answerer(1).reactions(suggestion(1, state)) == []
    half = suggestion(1)
    gone = half.model_copy(update={"members": [half.members[0], erased]})
    assert Answerer(1).reactions(gone) == []


def test_every_reaction_passes_the_models_of_the_door() -> None:
    for number in range(100):
        for state in ("made", "accepted"):
            for each in Answerer(1).reactions(suggestion(number, state, kind="mentoring")):
                model = EVENT_TYPES[f"org.crosstie.{each.noun_verb}.v1"].model[Person]
                model.model_validate_json(json.dumps(each.data))
                assert each.delay > 0


def test_reactions_of_one_suggestion_have_different_ids() -> None:
    for number in range(100):
        told = [
            each.id
            for state in ("made", "accepted")
            for each in Answerer(1).reactions(suggestion(number, state, kind="mentoring"))
        ]
        assert len(set(told)) == len(told)
