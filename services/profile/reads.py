"""What profile knows of one person, read from its tables for the platform that asks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Literal

import asyncpg

from crosstie.errors import DatabaseAway
from crosstie.events import Person
from crosstie.network.map import Population, map_of
from crosstie.network.state import Member, Tie
from crosstie.network.strength import moved
from crosstie.network.wire import decode_row
from crosstie.runtime.database import transient
from services.profile import show, sql
from services.profile.shapes import MapShown, MemberShown

MOST_CONTACTS = 200  # the strongest, whose own ties are looked through
MOST_TIES_BEYOND = 20_000
POPULATION_SECONDS = 60.0


class Reads:
    """Routes are built before PostgreSQL is there: `connect` comes later. Raises DatabaseAway."""

    def __init__(self, clock: Literal["wall", "log"]) -> None:
        self._clock = clock
        self._pool: asyncpg.Pool[Any] | None = None
        self._population: tuple[float, Population] | None = None

    def connect(self, pool: asyncpg.Pool[Any]) -> None:
        """Read from here from now on."""
        self._pool = pool

    async def member(self, person: Person, authorities: Collection[str]) -> MemberShown | None:
        """The person; None when nobody is known by that name."""
        member = await self._member(person)
        if member is None:
            return None
        manager = [member.reports_to] if member.reports_to else []
        return show.member(person, member, await self._people(manager, authorities))

    async def map(self, person: Person, authorities: Collection[str]) -> MapShown | None:
        """The map of the person's network; None when nobody is known by that name."""
        me = await self._member(person)
        if me is None:
            return None
        at = await self._now()
        ties = [_tie(row["state"]) for row in await self._fetch(sql.TIES_OF, me.subject)]
        ties.sort(key=lambda tie: moved(tie.strength, at), reverse=True)
        closest = [each.other(me.subject) for each in ties]
        beyond = [
            _tie(row["state"])
            for row in await self._fetch(sql.TIES_BEYOND, closest[:MOST_CONTACTS], MOST_TIES_BEYOND)
        ]
        members = await self._members({end for tie in (*ties, *beyond) for end in (tie.a, tie.b)})
        people = await self._people(closest, authorities)
        seen = show.visible(members, people)
        found = map_of(me, ties, beyond, seen, await self._everyone(), at)
        return show.map(person, found, seen, people)

    async def _member(self, person: Person) -> Member | None:
        rows = await self._fetch(sql.SUBJECT_OF, person.authority, person.id)
        if not rows:
            return None
        subject = rows[0]["subject"]
        return (await self._members([subject])).get(subject)

    async def _members(self, subjects: Iterable[str]) -> dict[str, Member]:
        found = {}
        for subject, state in await self._fetch(sql.MEMBERS, sorted(subjects)):
            row = None if state is None else decode_row("member/", state)
            if isinstance(row, Member):
                found[subject] = row
        return found

    async def _people(
        self, subjects: Iterable[str], authorities: Collection[str]
    ) -> dict[str, Person]:
        rows = await self._fetch(sql.PEOPLE, sorted(subjects), sorted(authorities))
        return {subject: Person(authority=authority, id=id) for subject, authority, id in rows}

    async def _everyone(self) -> Population:
        now = time.monotonic()
        if self._population is None or self._population[0] < now:
            sectors: Counter[str] = Counter()
            levels: Counter[int] = Counter()
            for sector, level, people in await self._fetch(sql.POPULATION):
                if sector is not None:
                    sectors[sector] += people
                if level is not None:
                    levels[int(level)] += people
            self._population = now + POPULATION_SECONDS, Population(sectors, levels)
        return self._population[1]

    async def _now(self) -> int:
        if self._clock == "wall":
            return time.time_ns() // 1000
        return int((await self._fetch(sql.LATEST))[0][0])

    async def _fetch(self, statement: str, *arguments: Any) -> list[Any]:
        if self._pool is None:
            raise DatabaseAway("PostgreSQL was not reached yet")
        with transient():
            return await self._pool.fetch(statement, *arguments)


def _tie(state: str) -> Tie:
    row = decode_row("tie/", state)
    assert isinstance(row, Tie)
    return row
