"""What matching tells over HTTP: a person's suggestions, and what rounds decided.

Every replica answers, from PostgreSQL and its own copy of the network.
"""

from __future__ import annotations

from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from crosstie.errors import DatabaseAway
from crosstie.events import Direction, Person
from crosstie.instants import to_rfc3339
from crosstie.matching.model import Suggestion
from crosstie.network.view import Network
from crosstie.runtime.auth import Keys, Platform, platform_of
from crosstie.runtime.database import transient
from crosstie.suggestions import Shown
from crosstie.topics import Topics
from services.matching import sql, tell
from services.matching.people import People
from services.matching.reader import Reader

_MOST_ROUNDS = 1000


class Problem(BaseModel):
    """Why there is no answer."""

    detail: str


_PROBLEMS_OF_ALL: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No API key, or a wrong one."},
    503: {"model": Problem, "description": "Starting, or PostgreSQL is away; see Retry-After."},
}
_PROBLEMS = _PROBLEMS_OF_ALL | {
    403: {"model": Problem, "description": "An authority that is not the platform's."},
    404: {"model": Problem, "description": "Nobody is known by that name."},
}


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


def routes(api: FastAPI, desk: Desk) -> None:
    """Add the reads to `api`."""
    caller = platform_of(desk.keys)
    router = APIRouter(prefix="/v1", tags=["reads"])

    @router.get(
        "/members/{authority}/{id}/suggestions",
        summary="What is suggested to this person",
        responses=_PROBLEMS,
    )
    async def suggestions(
        platform: Annotated[Platform, Depends(caller)],
        authority: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")],
        id: Annotated[str, Path(pattern=r"^[A-Za-z0-9._:@-]{1,128}$")],
    ) -> Suggestions:
        if authority not in platform.authorities:
            raise HTTPException(403, f"platform {platform.name} may not read authority {authority}")
        found = await desk.suggestions(Person(authority=authority, id=id))
        if found is None:
            raise HTTPException(404, f"nobody is known as {id} in {authority}")
        return found

    @router.get("/rounds", summary="The last rounds", responses=_PROBLEMS_OF_ALL)
    async def rounds(
        platform: Annotated[Platform, Depends(caller)],  # noqa: ARG001  any key may read them
        limit: Annotated[int, Query(ge=1, le=_MOST_ROUNDS)] = 20,
    ) -> Rounds:
        return await desk.rounds(limit)

    @api.exception_handler(DatabaseAway)
    async def away(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "2"})

    api.include_router(router)


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
        other=other if other.person is not None else None,
        explanation=mine.explanation,
        you_can_give=mine.can_give,
        they_can_give=other.can_give,
        mutual_contacts=data.mutual_contacts,
        reasons=data.reasons,
        scores=data.scores,
        policy=data.policy,
        expires=data.expires,
    )
