"""What profile knows of one person, read from its tables for the platform that asks.

A map of many people takes a second of a processor: it is read in pages and drawn in a thread, one at
a time, so that the fold and probes go on meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Literal

import asyncpg

from crosstie import instants
from crosstie.errors import DatabaseAway
from crosstie.events import Person
from crosstie.network.map import Population, map_of
from crosstie.network.state import Member, Tie
from crosstie.network.strength import moved
from crosstie.network.wire import decode_row
from crosstie.registry import Platform
from crosstie.runtime.database import soon, transient
from crosstie.runtime.shares import Shares
from services.profile import show, sql
from services.profile.shapes import MemberShown

MOST_CONTACTS = 200  # the strongest, whose own ties are looked through
MOST_TIES_BEYOND = 20_000
PAGE = 5_000  # names asked for, or rows answered, at once: asyncpg turns them on the event loop
MOST_MAPS_OF_ONE = 8  # platform, drawn or waiting for it: one that asks all the time leaves room
POPULATION_SECONDS = 60.0
COUNTING_SECONDS = 60.0


class Reads:
    """Routes are built before PostgreSQL is there: `connect` comes later.

    An answer takes one connection and 5 s at most. Raises DatabaseAway.
    """

    def __init__(self, clock: Literal["wall", "log"]) -> None:
        self._clock = clock
        self._pool: asyncpg.Pool[Any] | None = None
        self._everyone = Everyone()
        self._one_at_a_time = asyncio.Lock()
        self._shares = Shares(MOST_MAPS_OF_ONE)

    def connect(self, pool: asyncpg.Pool[Any]) -> None:
        """Read from here from now on."""
        self._pool = pool

    async def member(self, person: Person, authorities: Collection[str]) -> MemberShown | None:
        """The person; None when nobody is known by that name."""
        async with soon(self._connected()) as on:
            member = await _member(on, person)
            if member is None:
                return None
            manager = [member.reports_to] if member.reports_to else []
            return show.member(person, member, await _people(on, manager, authorities))

    async def map(self, person: Person, platform: Platform) -> bytes | None:
        """JSON of the map of the person's network; None when nobody is known by that name.

        Raises Over when the platform asks for too many at once.
        """
        with self._shares.held(platform.name):
            async with self._one_at_a_time:
                return await self._drawn(person, platform.authorities)

    async def _drawn(self, person: Person, authorities: Collection[str]) -> bytes | None:
        pool = self._connected()
        async with soon(pool) as on:
            me = await _member(on, person)
            if me is None:
                return None
            at = await self._now(on)
            ties = await asyncio.to_thread(_strongest, await _ties_of(on, me.subject), at)
            closest = [tie.other(me.subject) for tie in ties[:MOST_CONTACTS]]
            each = MOST_TIES_BEYOND // max(len(closest), 1)
            rows = await on.fetch(sql.TIES_BEYOND, closest, each)
            beyond = await asyncio.to_thread(_ties, rows)
            members = await _members(on, await asyncio.to_thread(_ends, [*ties, *beyond]))
            contacts = await asyncio.to_thread(_ends, ties)
            people = await _people(on, contacts, authorities)
            everyone = await self._everyone.counted(pool)

        def drawn() -> bytes:
            seen = show.visible(members, people)
            found = show.map(person, map_of(me, ties, beyond, seen, everyone, at), seen, people)
            return found.model_dump_json().encode()

        return await asyncio.to_thread(drawn)

    async def _now(self, on: Any) -> int:
        if self._clock == "wall":
            return instants.now()
        return int(await on.fetchval(sql.LATEST))

    def _connected(self) -> asyncpg.Pool[Any]:
        if self._pool is None:
            raise DatabaseAway("PostgreSQL was not reached yet")
        return self._pool


class Everyone:
    """How many people there are by sector and level: counted once a minute, however many ask."""

    def __init__(self) -> None:
        self._found = Population({}, {})
        self._until = 0.0
        self._counting: asyncio.Task[None] | None = None

    async def counted(self, pool: asyncpg.Pool[Any]) -> Population:
        """The counts. Who asks meanwhile shares the counting, which outlasts those who give up."""
        if self._until < time.monotonic():
            if self._counting is None or self._counting.done():
                self._counting = asyncio.create_task(self._count(pool))
            await asyncio.shield(self._counting)
        return self._found

    async def _count(self, pool: asyncpg.Pool[Any]) -> None:
        sectors: Counter[str] = Counter()
        levels: Counter[int] = Counter()
        with transient():
            async with asyncio.timeout(COUNTING_SECONDS), pool.acquire() as on:
                rows = await _told_or_ended(on, sql.POPULATION)
        for sector, level, people in rows:
            if sector is not None:
                sectors[sector] += people
            if level is not None:
                levels[int(level)] += people
        self._found = Population(sectors, levels)
        self._until = time.monotonic() + POPULATION_SECONDS


async def _told_or_ended(on: Any, statement: str) -> list[Any]:
    """What it answers; a connection that is cut short is no good any more."""
    try:
        rows: list[Any] = await on.fetch(statement)
    except (asyncio.CancelledError, TimeoutError):
        on.terminate()
        raise
    return rows


async def _member(on: Any, person: Person) -> Member | None:
    subject = await on.fetchval(sql.SUBJECT_OF, person.authority, person.id)
    return None if subject is None else (await _members(on, [subject])).get(subject)


async def _members(on: Any, subjects: Sequence[str]) -> dict[str, Member]:
    found: dict[str, Member] = {}
    for page in _pages(subjects):
        rows = await on.fetch(sql.MEMBERS, page)
        found |= await asyncio.to_thread(_decoded, rows)
    return found


def _decoded(rows: Iterable[Any]) -> dict[str, Member]:
    found = {}
    for subject, state in rows:
        row = None if state is None else decode_row("member/", state)
        if isinstance(row, Member):
            found[subject] = row
    return found


async def _people(
    on: Any, subjects: Sequence[str], authorities: Collection[str]
) -> dict[str, Person]:
    found: dict[str, Person] = {}
    for page in _pages(subjects):
        rows = await on.fetch(sql.PEOPLE, page, sorted(authorities))
        found |= await asyncio.to_thread(_named, rows)
    return found


def _named(rows: Iterable[Any]) -> dict[str, Person]:
    return {subject: Person(authority=authority, id=id) for subject, authority, id in rows}


async def _ties_of(on: Any, subject: str) -> list[Tie]:
    """All of them, ascending by the other end."""
    found: list[Tie] = []
    last = ""
    while True:
        rows = await on.fetch(sql.TIES_OF, subject, last, PAGE)
        found += await asyncio.to_thread(_ties, rows)
        if len(rows) < PAGE:
            return found
        last = rows[-1]["other"]


def _pages(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    return (subjects[start : start + PAGE] for start in range(0, len(subjects), PAGE))


def _strongest(ties: Iterable[Tie], at: int) -> list[Tie]:
    """The strongest first."""
    return sorted(ties, key=lambda tie: moved(tie.strength, at), reverse=True)


def _ends(ties: Iterable[Tie]) -> list[str]:
    """Whom the ties are between, ascending."""
    return sorted({end for tie in ties for end in (tie.a, tie.b)})


def _ties(rows: Iterable[Any]) -> list[Tie]:
    return [_tie(row["state"]) for row in rows]


def _tie(state: str) -> Tie:
    row = decode_row("tie/", state)
    assert isinstance(row, Tie)
    return row
