"""Rounds of a simulated locality in one process: events are folded, a round decides, people answer.

No Kafka and no PostgreSQL: the same fold, the same `step`, the same hidden preferences. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import combinations
from typing import Any

import msgspec

from crosstie import instants
from crosstie.events import Person
from crosstie.matching import base as bases
from crosstie.matching import record
from crosstie.matching.base import Base
from crosstie.matching.explain import can_give
from crosstie.matching.ledger import EMPTY, Ledger
from crosstie.matching.model import Change, Suggestion
from crosstie.matching.occasion import Occasion
from crosstie.matching.policy import Policy
from crosstie.matching.prepared import Prepared
from crosstie.matching.step import Course, course
from crosstie.network.facts import DECODERS, Event
from crosstie.network.fold import fold_all
from crosstie.network.state import Row, member_key, tie_key
from crosstie.network.view import Network
from crosstie.simulate.attention import Attention
from crosstie.simulate.reactions import Reactions
from crosstie.simulate.scenario import DAY_US, Scenario
from crosstie.simulate.stream import CloudEvent, events
from crosstie.suggestions import Shown, SuggestionChanged, SuggestionState

DEPLOYMENT = "simulated"
Refit = Callable[["Played"], Base]
Choose = Callable[[Course, Network, int], Course]


@dataclass(frozen=True, slots=True)
class Played:
    """One round: what it saw, what it decided, and what people were shown of it."""

    n: int
    at: int
    network: Network
    ledger: Ledger  # after it
    base: Base
    changes: tuple[Change, ...]
    notes: dict[str, int]
    shown: tuple[SuggestionChanged, ...]


def play(
    scenario: Scenario,
    policy: Policy,
    *,
    every_days: float = 1.0,
    first_day: float = 2.0,
    refit: Refit | None = None,
    choose: Choose | None = None,
) -> Iterator[Played]:
    """A full round `every_days` from `first_day` to the end of `scenario`.

    `refit` makes the base for the next round of what this one was; by default the first one stays.
    `choose` chooses otherwise among the pairs of a round; by default its own choice stands.
    """
    world = _World(scenario)
    ledger, base, n = EMPTY, None, 0
    at = scenario.start + int(first_day * DAY_US)
    while at <= scenario.end:
        prepared = world.moved_on(at)
        base = base or bases.fit(prepared.network, policy, at)
        n += 1
        found = course(
            prepared.network,
            ledger,
            base,
            policy,
            Occasion(
                n=n,
                at=at,
                seed=record.seed(DEPLOYMENT, n),
                deployment=DEPLOYMENT,
                policy_digest="simulated",
            ),
            prepared=prepared,
            whole=choose is not None,
        )
        found = found if choose is None else choose(found, prepared.network, at)
        made, notes = found.made(), dict(sorted(found.notes.items()))
        ledger, changes = found.settled.after(made, at), (*found.happened, *made)
        shown = tuple(world.told(changes, prepared.network, at))
        played = Played(n, at, prepared.network, ledger, base, changes, notes, shown)
        yield played
        base = base if refit is None else refit(played)
        at += int(every_days * DAY_US)


class _World:
    """The locality's events and its people's reactions, folded as far as time has come."""

    def __init__(self, scenario: Scenario) -> None:
        self._authority = scenario.authority
        self._stream = events(scenario)
        self._ahead: CloudEvent | None = next(self._stream, None)
        self._reactions = Reactions(scenario.source, scenario.seed)
        self._people: dict[str, Person] = {}
        self._rows: dict[str, Row] = {}
        self._attention = Attention()
        self._prepared = Prepared.of(Network.of({}))

    def moved_on(self, at: int) -> Prepared:
        """What a round at `at` reads."""
        reactions = (
            each for each in self._reactions.before(at) if not self._attention.lacked(each)
        )
        news = [*self._before(at), *reactions]
        after = fold_all(self._rows, (fact for event in news for fact in self._facts(event)))
        for key, row in after.items():
            if row is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = row
        self._prepared = self._prepared.after(self._rows, after)
        return self._prepared

    def told(
        self, changes: tuple[Change, ...], network: Network, at: int
    ) -> Iterator[SuggestionChanged]:
        """What people see of a round; they will react to it."""
        for change in changes:
            state: SuggestionState | None = None
            if change.cause == "made":
                state = "made"
            elif change.cause == "accepted" and change.suggestion.state == "accepted":
                state = "accepted"
            if state is not None and all(map(network.present, change.suggestion.members)):
                seen = self._shown(change.suggestion, state, network)
                if state == "made":
                    self._attention.take(seen, self._weekly(change.suggestion, network), at)
                self._reactions.hear(seen, at)
                yield seen

    def _weekly(self, suggestion: Suggestion, network: Network) -> list[int | None]:
        """How many introductions a week each side has time for; a mentoring is always looked at."""
        members = [network.members[each] for each in suggestion.members]
        mentoring = suggestion.kind == "mentoring"
        return [None if mentoring else m.availability.introductions_per_week for m in members]

    def _before(self, at: int) -> Iterator[CloudEvent]:
        while self._ahead is not None and instants.from_rfc3339(self._ahead["time"]) < at:
            yield self._ahead
            self._ahead = next(self._stream, None)

    def _facts(self, event: CloudEvent) -> Iterator[Event]:
        """The event as the log has it: of subjects, a gathering as pairs."""
        data = self._of_subjects(event["data"])
        time, members = instants.from_rfc3339(event["time"]), sorted(data.get("members", ()))
        if event["type"] != "org.crosstie.gathering.held.v1":
            if members:
                data["members"] = members
            key = tie_key(*members) if members else member_key(data["member"])
            yield _fact(event, event["id"], event["type"], time, key, data)
            return
        for a, b in combinations(members, 2):
            contact = {
                "members": [a, b],
                "channel": "co-attended",
                "weight": 1 / (len(members) - 1),
            }
            id = f"{event['id']}/{a}/{b}"
            yield _fact(event, id, "org.crosstie.contact.made.v1", time, tie_key(a, b), contact)

    def _of_subjects(self, data: Any) -> Any:
        if isinstance(data, dict):
            if data.keys() == {"authority", "id"}:
                return self._subject(data["id"])
            return {name: self._of_subjects(value) for name, value in data.items()}
        return [self._of_subjects(each) for each in data] if isinstance(data, list) else data

    def _subject(self, id: str) -> str:
        subject = blake2b(id.encode(), digest_size=8).hexdigest()
        self._people.setdefault(subject, Person(authority=self._authority, id=id))
        return subject

    def _shown(
        self, suggestion: Suggestion, state: SuggestionState, network: Network
    ) -> SuggestionChanged:
        return SuggestionChanged(
            suggestion=suggestion.id,
            seq=suggestion.seq,
            state=state,
            round=suggestion.round,
            kind=suggestion.kind,
            cross_sector=suggestion.cross_sector,
            members=[
                Shown(
                    person=self._people[subject],
                    sector=network.members[subject].sector,
                    direction=suggestion.directions[side],
                    can_give=can_give(suggestion, network, side),
                )
                for side, subject in enumerate(suggestion.members)
            ],
            mutual_contacts=[self._people[each] for each in suggestion.mutual],
        )


def _fact(
    event: CloudEvent, id: str, type: str, time: int, key: str, data: dict[str, Any]
) -> Event:
    return Event(
        event["source"], id, type, time, key, DECODERS[type].decode(msgspec.json.encode(data))
    )
