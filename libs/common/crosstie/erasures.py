"""How a person is erased, so that every crash and every retry ends the same (docs/adr/0010).

An erasure covers what is dated up to its event time. `retire` unmaps the person and notes the
erasure in one statement; `unlogged` lists what must still be written to the log, whoever crashed in
between; `logged` closes it. What stays is a keyed digest and a time.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg

from crosstie.events import Person
from crosstie.runtime.database import soon

RETIRED = "crosstie_retired"  # channel on which PostgreSQL tells the other replicas
KEPT = "90 days"  # the log's horizon for duplicates

RETIRE = f"""
-- once per person and time; an older erasure that comes again leaves who joined since alone
WITH asked AS (
    SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
        AS a (person, time, source, id, authority, external_id)
), noted AS (
    INSERT INTO vault.erasures (person, time, subject, source, id)
    SELECT a.person, a.time, s.subject,
           CASE WHEN s.subject IS NOT NULL THEN a.source END,
           CASE WHEN s.subject IS NOT NULL THEN a.id END
    FROM asked a
    LEFT JOIN vault.subjects s
        ON s.authority = a.authority AND s.external_id = a.external_id AND s.retired_at IS NULL
    WHERE NOT EXISTS (
        SELECT FROM vault.erasures e WHERE e.person = a.person AND e.time >= a.time
    )
    ORDER BY a.person, a.time
    ON CONFLICT (person, time) DO NOTHING
    RETURNING subject
), retired AS (
    UPDATE vault.subjects s SET retired_at = now()
    FROM noted n WHERE s.subject = n.subject AND s.retired_at IS NULL
    RETURNING s.subject
)
SELECT pg_notify('{RETIRED}', subject) FROM retired
"""
UNLOGGED = """
SELECT subject, source, id, time FROM vault.erasures
WHERE subject IS NOT NULL AND (person = ANY($1) OR at < now() - make_interval(secs => $2))
ORDER BY time, subject
"""
LOGGED = """
UPDATE vault.erasures SET subject = NULL, source = NULL, id = NULL WHERE subject = ANY($1)
"""
PRUNE = f"""
DELETE FROM vault.erasures WHERE subject IS NULL AND at < now() - interval '{KEPT}'
"""


@dataclass(frozen=True, slots=True)
class Erasure:
    """An accepted `member.erased`: who, as of when, and the event that said so."""

    person: Person
    time: int
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Unlogged:
    """A subject that is retired, and whose erasure is not in the log for certain."""

    subject: str
    source: str
    id: str
    time: int


class Erasures:
    """The erasures of one deployment, in the vault. Raises DatabaseAway."""

    def __init__(self, pool: asyncpg.Pool[Any], vault_key: bytes) -> None:
        self._pool = pool
        self._vault_key = vault_key

    async def retire(self, erasures: Iterable[Erasure]) -> list[Unlogged]:
        """Unmap the erased, and say what to write to the log for them; `logged` closes it.

        May be called again for the same erasures: what was logged meanwhile is not listed.
        """
        each = list(erasures)
        people = [digest(self._vault_key, erasure.person) for erasure in each]
        async with soon(self._pool) as connection:
            await connection.execute(
                RETIRE,
                people,
                [erasure.time for erasure in each],
                [erasure.source for erasure in each],
                [erasure.id for erasure in each],
                [erasure.person.authority for erasure in each],
                [erasure.person.id for erasure in each],
            )
            return _unlogged(await connection.fetch(UNLOGGED, people, None))

    async def unlogged(self, older_than_seconds: float) -> list[Unlogged]:
        """Erasures that someone began so long ago and did not finish; prunes old ones."""
        async with soon(self._pool) as connection:
            await connection.execute(PRUNE)
            return _unlogged(await connection.fetch(UNLOGGED, [], older_than_seconds))

    async def logged(self, erasures: Iterable[Unlogged]) -> None:
        """The log holds these erasures now."""
        async with soon(self._pool) as connection:
            await connection.execute(LOGGED, [each.subject for each in erasures])


def digest(vault_key: bytes, person: Person) -> bytes:
    """Names nobody without the vault key, and is the same for the same person."""
    text = f"erased\0{person.authority}\0{person.id}"
    return hmac.digest(vault_key, text.encode(), "sha256")


def _unlogged(rows: Iterable[Any]) -> list[Unlogged]:
    return [Unlogged(row["subject"], row["source"], row["id"], row["time"]) for row in rows]
