"""The vault: which subject a person is, and the key that seals what is said about them.

Everything inside speaks of random subject ids; only here stands who that is. Look-ups are kept for
a minute, and another two while PostgreSQL is away, so that known people go on.

How a person leaves it again: `erasures.py`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from crosstie import sealing
from crosstie.erasures import RETIRED, digest
from crosstie.errors import DatabaseAway
from crosstie.events import Person
from crosstie.runtime.database import soon, transient

CACHED_SECONDS = 60.0
# from the look-up; whoever is erased meanwhile by a replica that is not cut off has no key any more,
# and what is written about them folds to nothing
AWAY_SECONDS = 180.0
MOST_CACHED = 200_000
_TRIES = 3
_LISTEN_AGAIN_SECONDS = 1.0
_HEARTBEAT_SECONDS = 10.0
_ANSWER_SECONDS = 5.0

ANY_KEY = "SELECT wrapped_key FROM vault.subjects LIMIT 1"
LOOK_UP = """
-- every person asked for, known or not, and as of when they were last erased
SELECT p.authority, p.external_id, s.subject, s.wrapped_key,
       (SELECT max(e.time) FROM vault.erasures e WHERE e.person = p.person) AS erased
FROM unnest($1::text[], $2::text[], $3::bytea[]) AS p (authority, external_id, person)
LEFT JOIN vault.subjects s
    ON s.authority = p.authority AND s.external_id = p.external_id AND s.retired_at IS NULL
"""
ADD = """
-- whoever comes second gets no row, and looks up the first one's
INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
ON CONFLICT (authority, external_id) WHERE retired_at IS NULL DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Subject:
    """A person as the log knows them; what is dated up to `erased` is about who they were before."""

    id: str
    data_key: bytes
    erased: int | None = None


class Vault:
    """Looks people up and adds who is new. Raises DatabaseAway."""

    def __init__(self, pool: asyncpg.Pool[Any], vault_key: bytes) -> None:
        self._pool = pool
        self._vault_key = vault_key
        self._known: OrderedDict[Person, tuple[float, Subject]] = OrderedDict()
        self._people: dict[str, Person] = {}
        self._retirements = 0

    async def subjects(self, latest: Mapping[Person, int]) -> dict[Person, Subject]:
        """Everyone's subject; who is new gets one, unless erased as of `latest` or later.

        `latest` is the newest event time at which each person is spoken of. Who is missing in the
        answer was erased, and nothing newer is said of them.
        """
        found = self._cached(latest, CACHED_SECONDS)
        unknown = sorted(latest.keys() - found.keys(), key=lambda p: (p.authority, p.id))
        if unknown:
            found |= await self._asked(unknown, latest)
        return found

    async def _asked(
        self, people: list[Person], latest: Mapping[Person, int]
    ) -> Mapping[Person, Subject]:
        """Looked up; or as remembered, where PostgreSQL is away and all of them are."""
        retirements = self._retirements
        try:
            looked_up = await self._looked_up(people, latest)
        except DatabaseAway:
            remembered = self._cached(people, AWAY_SECONDS)
            if len(remembered) < len(people):
                raise
            return remembered
        if retirements == self._retirements:  # else one of these may be gone again
            self._remember(looked_up)
        return looked_up

    def forget(self, person: Person) -> None:
        """Drop what is remembered of `person`, who was retired."""
        self._retirements += 1
        self._drop(person)

    async def probe(self) -> None:
        """Raises Misconfigured when another vault key wrapped what is stored."""
        async with soon(self._pool) as connection:
            wrapped = await connection.fetchval(ANY_KEY)
        if wrapped is not None:
            sealing.unwrap(wrapped, self._vault_key)

    async def listen(self) -> None:
        """Forget whom other replicas retire, at once instead of within a minute. Runs for ever."""
        while True:
            with contextlib.suppress(DatabaseAway), transient():
                async with self._pool.acquire() as connection:
                    await self._hear(connection)
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)

    async def _hear(self, connection: Any) -> None:
        """Until the connection is lost; it is thrown away, for UNLISTEN would wait for an answer."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                await connection.add_listener(RETIRED, self._heard)
            self._forget_all()  # what was said meanwhile, nobody heard
            while not await _within(_HEARTBEAT_SECONDS, lost):
                async with asyncio.timeout(_ANSWER_SECONDS):
                    await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def _heard(self, *arguments: Any) -> None:
        self._retirements += 1
        person = self._people.get(str(arguments[-1]))
        if person is not None:
            self._drop(person)

    def _forget_all(self) -> None:
        self._retirements += 1
        self._known.clear()
        self._people.clear()

    def _cached(self, people: Iterable[Person], seconds: float) -> dict[Person, Subject]:
        """Who of `people` was looked up within the last `seconds`."""
        since = time.monotonic() - seconds
        hits = ((person, self._known.get(person)) for person in people)
        return {person: hit[1] for person, hit in hits if hit is not None and hit[0] > since}

    async def _looked_up(
        self, people: list[Person], latest: Mapping[Person, int]
    ) -> dict[Person, Subject]:
        columns = (
            [person.authority for person in people],
            [person.id for person in people],
            [digest(self._vault_key, person) for person in people],
        )
        async with soon(self._pool) as connection:
            for _ in range(_TRIES):
                rows = await connection.fetch(LOOK_UP, *columns)
                new = [row for row in rows if _is_new(row, latest)]
                if not new:
                    return dict(self._subject(row) for row in rows if row["subject"])
                await connection.execute(ADD, *self._additions(new))
        raise DatabaseAway("people were added and retired at the same time; try again")

    def _additions(self, new: list[Any]) -> tuple[list[Any], ...]:
        keys = [sealing.wrap(sealing.new_key(), self._vault_key) for _ in new]
        authorities = [row["authority"] for row in new]
        return [_new_subject() for _ in new], authorities, [r["external_id"] for r in new], keys

    def _subject(self, row: Any) -> tuple[Person, Subject]:
        person = Person(authority=row["authority"], id=row["external_id"])
        data_key = sealing.unwrap(row["wrapped_key"], self._vault_key)
        return person, Subject(row["subject"], data_key, row["erased"])

    def _remember(self, subjects: Mapping[Person, Subject]) -> None:
        now = time.monotonic()
        for person, subject in subjects.items():
            self._drop(person)
            self._known[person] = (now, subject)
            self._people[subject.id] = person
        while len(self._known) > MOST_CACHED:
            _, (_, oldest) = self._known.popitem(last=False)
            self._people.pop(oldest.id, None)

    def _drop(self, person: Person) -> None:
        known = self._known.pop(person, None)
        if known is not None:
            self._people.pop(known[1].id, None)


async def _within(seconds: float, event: asyncio.Event) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _is_new(row: Any, latest: Mapping[Person, int]) -> bool:
    if row["subject"] is not None:
        return False
    person = Person(authority=row["authority"], id=row["external_id"])
    return row["erased"] is None or row["erased"] < latest[person]


def _new_subject() -> str:
    """16 characters of base32: 80 random bits."""
    return base64.b32encode(secrets.token_bytes(10)).decode()
