"""Suggestions as platforms and their members see them: no subject ids, no declines, no erased."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crosstie.events import Person
from crosstie.instants import to_rfc3339
from crosstie.matching.explain import can_give, explain
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round, State, Suggestion
from crosstie.matching.record import split
from crosstie.network.view import Network
from crosstie.suggestions import SUGGESTION_TYPES, Shown, SuggestionChanged, SuggestionState
from crosstie.topics import Topics
from services.matching.store import Image

NAMELESS: Final = "someone"
_SHOWN: Mapping[State, SuggestionState] = {
    "open": "made",
    "accepted": "accepted",
    "met": "closed",
    "declined": "closed",
    "ended": "closed",
    "withdrawn": "withdrawn",
    "expired": "expired",
}
_WORTH_WORDS: frozenset[SuggestionState] = frozenset(("made", "accepted"))


def shown_state(suggestion: Suggestion) -> SuggestionState:
    """What platforms see: one side's acceptance shows as little as one side's decline."""
    if suggestion.state == "accepted" and len(suggestion.accepted_by) < len(suggestion.members):
        return "made"
    return _SHOWN[suggestion.state]


def named_in(suggestions: Iterable[Suggestion]) -> set[str]:
    """Subjects of everyone whom words about these may name."""
    return {subject for each in suggestions for subject in (*each.members, *each.mutual)}


class Words:
    """Tells of suggestions, given the network they were decided upon and who people are."""

    def __init__(
        self, network: Network, people: Mapping[str, Person], topics: Topics, deployment: str
    ) -> None:
        self._network = network
        self._people = {each: people[each] for each in people if each in network.members}
        self._topics = topics
        self._deployment = deployment

    def images(
        self, round: Round, before: Ledger, told: Mapping[str, tuple[str, ...]]
    ) -> tuple[Image, ...]:
        """Every record of the round in the order they go out: what platforms see, then the round."""
        shown = {id: shown_state(each) for id, each in before.live.items()}
        images: list[Image] = []
        for suggestion in (change.suggestion for change in round.changes):
            state = shown_state(suggestion)
            if shown.get(suggestion.id) != state:
                images += self._events(suggestion, round, told.get(suggestion.id, ()))
            shown[suggestion.id] = state
        topic = self._topics.rounds.name
        records = (Image(topic, r.key, _texts(r.headers), r.value) for r in split(round))
        return (*images, *records)

    def data(self, suggestion: Suggestion) -> SuggestionChanged:
        """The suggestion in full while it stands; once it is over, only what it was."""
        state = shown_state(suggestion)
        words = state in _WORTH_WORDS and all(each in self._people for each in suggestion.members)
        mutual = [each for each in suggestion.mutual if words and self._network.present(each)]
        return SuggestionChanged(
            suggestion=suggestion.id,
            seq=suggestion.seq,
            state=state,
            round=suggestion.round,
            kind=suggestion.kind,
            cross_sector=suggestion.cross_sector,
            members=[self._member(suggestion, side, words=words) for side in (0, 1)],
            reasons=[each.code for each in suggestion.reasons],
            mutual_contacts=[self._people[each] for each in mutual if each in self._people],
            scores={name: score / 1e6 for name, score in suggestion.scores.items()},
            policy=suggestion.policy,
            expires=to_rfc3339(suggestion.expires_at),
        )

    def _member(self, suggestion: Suggestion, side: int, *, words: bool) -> Shown:
        subject, direction = suggestion.members[side], suggestion.directions[side]
        person = self._people.get(subject)
        if not words:
            return Shown(person=person, direction=direction)
        member = self._network.members[subject]
        return Shown(
            person=person,
            sector=member.sector,
            role=member.role,
            profession=member.profession,
            organisation=member.organisation,
            level=member.level,
            direction=direction,
            can_give=can_give(suggestion, self._network, side),
            explanation=explain(suggestion, self._network, side, self._name),
        )

    def _name(self, subject: str) -> str:
        person = self._people.get(subject)
        return NAMELESS if person is None else person.id

    def _events(
        self, suggestion: Suggestion, round: Round, platforms: tuple[str, ...]
    ) -> list[Image]:
        """The CloudEvent (Kafka binary mode) on every platform's topic; equal bytes on each."""
        data = self.data(suggestion)
        headers = {
            "ce_specversion": "1.0",
            "ce_source": f"crosstie/{self._deployment}",
            "ce_id": f"{data.suggestion}/{data.seq}",
            "ce_type": SUGGESTION_TYPES[data.state],
            "ce_time": to_rfc3339(round.at),
            "ce_crosstieround": str(round.n),
            "content-type": "application/json",
        }
        key, value = data.suggestion.encode(), data.model_dump_json().encode()
        topics = (self._topics.suggestions(each).name for each in platforms)
        return [Image(topic, key, tuple(headers.items()), value) for topic in topics]


def _texts(headers: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.decode()) for name, value in headers)
