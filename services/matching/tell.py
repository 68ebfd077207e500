"""Suggestions as platforms and their members see them: no subject ids, no declines, no erased."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from crosstie.events import Person
from crosstie.instants import to_rfc3339
from crosstie.matching.explain import can_give, explain
from crosstie.matching.model import Reason, Round, Suggestion
from crosstie.matching.record import split
from crosstie.network.view import Network
from crosstie.showing import news, shown_scores, shown_seq
from crosstie.suggestions import SUGGESTION_TYPES, Shown, SuggestionChanged, SuggestionState
from crosstie.topics import Topics
from services.matching.written import Image

NAMELESS: Final = "someone"
_MUTUAL: Final = "mutual-contacts"
_WORTH_WORDS: frozenset[SuggestionState] = frozenset(("made", "accepted"))


def named_in(suggestions: Iterable[Suggestion]) -> set[str]:
    """Subjects of everyone whom words about these may name."""
    return {subject for each in suggestions for subject in (*each.members, *each.mutual)}


@dataclass(frozen=True, slots=True)
class Mutual:
    """Whom both members know, as one platform may be told of them."""

    named: tuple[str, ...]  # its own people, strongest first
    others: tuple[str, ...]  # another platform's to name
    count: int  # of all but the named

    @property
    def rest(self) -> str:
        """What to call those who are not named, all together."""
        if self.named:
            return f"{self.count} more"
        return NAMELESS if self.count == 1 else f"{self.count} people"

    def of(self, suggestion: Suggestion) -> Suggestion:
        """The suggestion for `explain`, where the first of `others` stands for all the rest."""
        known = self.named + self.others[:1]
        amount = len(known) if self.others else self.count + len(known)
        reasons = (
            Reason(_MUTUAL, amount, known) if each.code == _MUTUAL else each
            for each in suggestion.reasons
        )
        return structs.replace(suggestion, mutual=known, reasons=tuple(reasons))


class Words:
    """Tells of suggestions, given the network they were decided upon and who people are."""

    def __init__(
        self, network: Network, people: Mapping[str, Person], topics: Topics, deployment: str
    ) -> None:
        self._network = network.among(people)
        self._people = {each: people[each] for each in self._network.members}
        self._topics = topics
        self._deployment = deployment

    def images(
        self,
        round: Round,
        told: Mapping[str, tuple[str, ...]],
        authorities: Mapping[str, Collection[str]],
    ) -> tuple[Image, ...]:
        """Every record of the round in the order they go out: what platforms see, then the round.

        `told`: the platforms of each suggestion; `authorities`: whose people are each platform's.
        """
        images: list[Image] = []
        for change in round.changes:
            if (state := news(change)) is not None:
                for platform in told.get(change.suggestion.id, ()):
                    data = self.data(change.suggestion, state, authorities.get(platform, ()))
                    images.append(self._event(data, round, platform))
        topic = self._topics.rounds.name
        records = (Image(topic, r.key, _texts(r.headers), r.value) for r in split(round))
        return (*images, *records)

    def stands(self, suggestion: Suggestion) -> bool:
        """Its members may still be shown to each other, as of this network."""
        network, members = self._network, suggestion.members
        there = network.present if suggestion.state == "accepted" else network.eligible
        return all(each in self._people and there(each) for each in members) and not (
            network.blocked(*members)
        )

    def data(
        self, suggestion: Suggestion, state: SuggestionState, authorities: Collection[str]
    ) -> SuggestionChanged:
        """The suggestion in full while it stands; once it is over, only what it was.

        Besides the two members it names people of `authorities`, and nobody else; what is addressed
        to another platform's person is not in it.
        """
        words = state in _WORTH_WORDS and self.stands(suggestion)
        mutual = self._mutual(suggestion, authorities) if words else None
        return SuggestionChanged(
            suggestion=suggestion.id,
            seq=shown_seq(suggestion),
            state=state,
            round=suggestion.round,
            kind=suggestion.kind,
            cross_sector=suggestion.cross_sector,
            members=[self._member(suggestion, side, mutual, authorities) for side in (0, 1)],
            reasons=[each.code for each in suggestion.reasons],
            mutual_contacts=[self._people[each] for each in mutual.named] if mutual else [],
            scores=shown_scores(suggestion),
            policy=suggestion.policy,
            expires=to_rfc3339(suggestion.expires_at),
        )

    def _member(
        self,
        suggestion: Suggestion,
        side: int,
        mutual: Mutual | None,
        authorities: Collection[str],
    ) -> Shown:
        """One side; without `mutual`, without words, and those addressed to it for its own alone."""
        subject, direction = suggestion.members[side], suggestion.directions[side]
        person = self._people.get(subject)
        if mutual is None:
            return Shown(person=person, direction=direction)
        member = self._network.members[subject]

        def name(subject: str) -> str:
            return mutual.rest if subject in mutual.others else self._people[subject].id

        own = person is not None and person.authority in authorities
        told = explain(mutual.of(suggestion), self._network, side, name) if own else []
        return Shown(
            person=person,
            sector=member.sector,
            role=member.role,
            profession=member.profession,
            organisation=member.organisation,
            level=member.level,
            direction=direction,
            can_give=can_give(suggestion, self._network, side),
            explanation=told,
        )

    def _mutual(self, suggestion: Suggestion, authorities: Collection[str]) -> Mutual:
        """Its mutual contacts that are there still, apart by who may name them."""
        amounts = (each.amount for each in suggestion.reasons if each.code == _MUTUAL)
        beyond = max(next(amounts, 0) - len(suggestion.mutual), 0)
        there = [
            each
            for each in suggestion.mutual
            if each in self._people and self._network.nameable(each, *suggestion.members)
        ]
        named = tuple(each for each in there if self._people[each].authority in authorities)
        others = tuple(each for each in there if each not in named)
        return Mutual(named, others, len(others) + beyond)

    def _event(self, data: SuggestionChanged, round: Round, platform: str) -> Image:
        """The CloudEvent (Kafka binary mode) on one platform's topic."""
        headers = {
            "ce_specversion": "1.0",
            "ce_source": f"crosstie/{self._deployment}",
            "ce_id": f"{data.suggestion}/{data.seq}",
            "ce_type": SUGGESTION_TYPES[data.state],
            "ce_time": to_rfc3339(round.at),
            "content-type": "application/json",
        }
        if data.state == "made":  # of later rounds the operators know what they decided, and why
            headers["ce_crosstieround"] = str(round.n)
        key, value = data.suggestion.encode(), data.model_dump_json().encode()
        topic = self._topics.suggestions(platform).name
        return Image(topic, key, tuple(headers.items()), value)


def unspoken(other: Shown) -> Shown:
    """The other without the words that are addressed to them."""
    return other.model_copy(update={"explanation": []})


def _texts(headers: tuple[tuple[str, bytes], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value.decode()) for name, value in headers)
