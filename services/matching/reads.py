"""What matching knows of a person's suggestions, and of rounds, as HTTP shows it.

Every replica answers, from PostgreSQL and its own copy of the network.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
from pydantic import BaseModel, Field

from crosstie.errors import DatabaseAway
from crosstie.events import Direction, Person
from crosstie.instants import to_rfc3339
from crosstie.matching.model import Suggestion
from crosstie.network.view import Network
from crosstie.runtime.auth import Keys
from crosstie.runtime.database import transient
from crosstie.suggestions import Shown
from crosstie.topics import Topics
from services.matching import sql, tell
from services.matching.people import People
from services.matching.reader import Reader


class StandingSuggestion(BaseModel):
    """A suggestion that is open or accepted, as this person sees it."""

    suggestion: str
    seq: int
    state: str = Field(description="`made`, or `accepted` once both accepted.")
    accepted_by_you: bool
    round: int
    kind: str
    direction: Direction = Field(description="Where the other stands, as this person sees them.")
    cross_sector: bool
    other: Shown | None = Field(description="The other; null when they are no longer known.")
    explanation: list[str] = Field(description="Sentences addressed to this person.")
    you_can_give: list[str]
    they_can_give: list[str]
    mutual_contacts: list[Person]
    reasons: list[str]
    scores: dict[str, float]
    policy: str
    expires: str | None


class Suggestions(BaseModel):
    """What stands for one person, newest first."""

    person: Person
    suggestions: list[StandingSuggestion]


class RoundSummary(BaseModel):
    """One round: what it read, and how many decisions of each kind it made."""

    n: int
    at: str = Field(description="RFC 3339; the round's own time.")
    full: bool
    counts: dict[str, int] = Field(description="Decisions by cause.")
    notes: dict[str, int]
    offsets: list[int] = Field(description="End of every partition of the log that it reflects.")
    policy: str
    base: str
    code: str
    digest: str
    previous: str


class Rounds(BaseModel):
    """The last rounds, newest first."""

    rounds: list[RoundSummary]


class Desk:
    """What the routes read from. Until it is open its answer is DatabaseAway: try again."""

    def __init__(self, keys: Keys, topics: Topics, deployment: str) -> None:
        self.keys = keys
        self._words = (topics, deployment)
        self._sources: tuple[asyncpg.Pool[Any], People, Reader] | None = None
        self._open = False

    def connect(self, pool: asyncpg.Pool[Any], people: People, reader: Reader) -> None:
        """Answer from these, once they have caught up."""
        self.keys.connect(pool)
        self._sources = (pool, people, reader)

    def open(self) -> None:
        """The network was read: from now on there are answers."""
        self._open = True

    async def suggestions(self, person: Person) -> Suggestions | None:
        """What stands for `person`; None when nobody is known by that name."""
        pool, people, reader = self._connected()
        subject = await people.subject(person.authority, person.id)
        if subject is None:
            return None
        with transient():
            rows = await pool.fetch(sql.LIVE_OF_MEMBER, subject)
        standing = [msgspec.json.decode(row["body"], type=Suggestion) for row in rows]
        named = tell.named_in(standing)
        network = Network.of(reader.network.about(named))
        words = tell.Words(network, await people.named(named), *self._words)
        seen = [_seen(each, subject, words) for each in standing]
        return Suggestions(person=person, suggestions=seen)

    async def rounds(self, limit: int) -> Rounds:
        """The last `limit` rounds."""
        pool, _, _ = self._connected()
        with transient():
            rows = await pool.fetch(sql.SUMMARIES, limit)
        return Rounds(rounds=[summarised(msgspec.json.decode(row["summary"])) for row in rows])

    def _connected(self) -> tuple[asyncpg.Pool[Any], People, Reader]:
        if self._sources is None or not self._open:
            raise DatabaseAway("the network is still being read; try again")
        return self._sources


def summarised(fields: dict[str, Any]) -> RoundSummary:
    """A stored summary as it is shown."""
    return RoundSummary.model_validate(fields | {"at": to_rfc3339(fields["at"])})


def _seen(suggestion: Suggestion, subject: str, words: tell.Words) -> StandingSuggestion:
    data, me = words.data(suggestion), suggestion.members.index(subject)
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
        other=_unspoken(other) if other.person is not None else None,
        explanation=mine.explanation,
        you_can_give=mine.can_give,
        they_can_give=other.can_give,
        mutual_contacts=data.mutual_contacts,
        reasons=data.reasons,
        scores=data.scores,
        policy=data.policy,
        expires=data.expires,
    )


def _unspoken(other: Shown) -> Shown:
    """The other without the words that are addressed to them."""
    return other.model_copy(update={"explanation": []})
