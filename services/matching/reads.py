"""What matching knows of a person's suggestions, and of rounds, as HTTP shows it.

Every replica answers, from PostgreSQL and its own copy of the network.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import asyncpg
import msgspec
from pydantic import BaseModel, Field

from crosstie.events import Direction, Person
from crosstie.instants import to_rfc3339
from crosstie.matching.model import Suggestion
from crosstie.network.view import Network
from crosstie.runtime.auth import Keys, Platform
from crosstie.runtime.database import soon
from crosstie.showing import shown_state
from crosstie.suggestions import Shown
from crosstie.topics import Topics
from services.matching import previewed, sql, tell
from services.matching.people import People
from services.matching.previewed import PreviewShown
from services.matching.previews import Busy, Previews
from services.matching.reader import Reader

_NOTES_SHOWN: Final = ("assignment.", "candidates.", "made.", "quota.", "source.")


class StandingSuggestion(BaseModel):
    """A suggestion that is open or accepted, as this person sees it."""

    suggestion: str
    seq: int = Field(description="As in the events: grows by one with every state that is shown.")
    state: str = Field(description="`made`, or `accepted` once both accepted.")
    accepted_by_you: bool
    round: int
    kind: str
    direction: Direction = Field(description="Where the other stands, as this person sees them.")
    cross_sector: bool
    other: Shown
    explanation: list[str] = Field(description="Sentences addressed to this person.")
    you_can_give: list[str]
    they_can_give: list[str]
    mutual_contacts: list[Person] = Field(description="Of the asking platform's authorities.")
    reasons: list[str]
    scores: dict[str, float]
    policy: str
    expires: str | None


class Suggestions(BaseModel):
    """What stands for one person, newest first."""

    person: Person
    suggestions: list[StandingSuggestion]


class RoundSummary(BaseModel):
    """One round: what it decided with, and how many suggestions came into each shown state."""

    n: int
    at: str = Field(description="RFC 3339; the round's own time.")
    full: bool
    counts: dict[str, int] = Field(description="Suggestions by the state they came into, as shown.")
    notes: dict[str, int] = Field(description="How it chose: candidates, quotas, the assignment.")
    policy: str
    base: str
    code: str
    digest: str
    previous: str


class Rounds(BaseModel):
    """The last rounds, newest first."""

    rounds: list[RoundSummary]


class Desk:
    """What the routes read from. Until it is open its answer is Busy: try again."""

    def __init__(self, keys: Keys, topics: Topics, deployment: str) -> None:
        self.keys = keys
        self._words = (topics, deployment)
        self._sources: tuple[asyncpg.Pool[Any], People, Reader] | None = None
        self._previews: Previews | None = None
        self._open = False

    def connect(self, pool: asyncpg.Pool[Any], reader: Reader, previews: Previews) -> None:
        """Answer from these, once they have caught up; the pool is the reads' own."""
        self.keys.connect(pool)
        self._sources = (pool, People(lambda: soon(pool)), reader)
        self._previews = previews

    def open(self) -> None:
        """The network was read: from now on there are answers."""
        self._open = True

    async def suggestions(self, person: Person, authorities: Collection[str]) -> Suggestions | None:
        """What stands for `person`, as a platform of `authorities` sees it; None for a stranger.

        Rounds may be held: whoever left, paused or was blocked since the last one is not shown.
        """
        pool, people, reader = self._connected()
        subject = await people.subject(person.authority, person.id)
        if subject is None:
            return None
        async with soon(pool) as connection:
            rows = await connection.fetch(sql.LIVE_OF_MEMBER, subject)
        standing = [msgspec.json.decode(row["body"], type=Suggestion) for row in rows]
        named = tell.named_in(standing)
        network = Network.of(reader.network.about(named))
        words = tell.Words(network, await people.named(named), *self._words)
        seen = [_seen(each, subject, words, authorities) for each in standing if words.stands(each)]
        return Suggestions(person=person, suggestions=seen)

    async def preview(self, person: Person, most: int, platform: Platform) -> PreviewShown | None:
        """Whom `person` would be suggested now, None for a stranger.

        Raises Busy, Over, DatabaseAway.
        """
        _, people, _ = self._connected()
        assert self._previews is not None
        subject = await people.subject(person.authority, person.id)
        if subject is None:
            return None
        seen = await self._previews.of(subject, most, platform.name)
        named = await people.named(tell.named_in(seen.found(most)))
        words = tell.Words(seen.ready.network, named, *self._words)
        return previewed.shown(seen, most, person, subject, words, platform.authorities)

    async def rounds(self, limit: int) -> Rounds:
        """The last `limit` rounds."""
        pool, _, _ = self._connected()
        async with soon(pool) as connection:
            rows = await connection.fetch(sql.SUMMARIES, limit)
        return Rounds(rounds=[summarised(msgspec.json.decode(row["summary"])) for row in rows])

    def _connected(self) -> tuple[asyncpg.Pool[Any], People, Reader]:
        if self._sources is None or not self._open:
            raise Busy("the network is still being read; try again")
        return self._sources


def summarised(fields: dict[str, Any]) -> RoundSummary:
    """A stored summary as it is shown: nothing that tells a decline from a pause or a block.

    Causes, offsets (a member's event moves another partition than a tie's) and how many were
    served (the paused are not) stay with the operators.
    """
    notes = {name: n for name, n in fields["notes"].items() if name.startswith(_NOTES_SHOWN)}
    shown = {"at": to_rfc3339(fields["at"]), "counts": fields.get("shown", {}), "notes": notes}
    return RoundSummary.model_validate(fields | shown)


def _seen(
    suggestion: Suggestion, subject: str, words: tell.Words, authorities: Collection[str]
) -> StandingSuggestion:
    data = words.data(suggestion, shown_state(suggestion), authorities)
    me = suggestion.members.index(subject)
    mine, other = data.members[me], data.members[1 - me]
    return StandingSuggestion(
        suggestion=data.suggestion,
        seq=data.seq,
        state=data.state,
        accepted_by_you=subject in suggestion.accepted_by,
        round=data.round,
        kind=data.kind,
        direction=mine.direction,
        cross_sector=data.cross_sector,
        other=tell.unspoken(other),
        explanation=mine.explanation,
        you_can_give=mine.can_give,
        they_can_give=other.can_give,
        mutual_contacts=data.mutual_contacts,
        reasons=data.reasons,
        scores=data.scores,
        policy=data.policy,
        expires=data.expires,
    )
