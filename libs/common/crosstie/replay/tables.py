"""PostgreSQL at one moment: what profile, matching and the vault say in a single snapshot.

The only SQL of the books; everything is read in one REPEATABLE READ transaction, so rows and the
offsets they reflect belong together while services run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import asyncpg

from crosstie.network.dedupe import Seen
from crosstie.network.state import member_key, tie_key
from crosstie.runtime.usable import usable
from crosstie.sealing import unwrap
from crosstie.settings import Settings

PARTITIONS = "SELECT partition, next_offset, published_offset, latest FROM profile.partitions"
INBOX = "SELECT partition, identity, body, watermark FROM profile.inbox"
MEMBERS = "SELECT subject, partition, version, state::text AS state FROM profile.members"
TIES = "SELECT a, b, partition, version, state::text AS state FROM profile.ties"
QUARANTINE = 'SELECT topic, partition, "offset", reason, key, at FROM profile.quarantine'
SUBJECTS = "SELECT subject, authority, external_id, wrapped_key, retired_at FROM vault.subjects"
UNLOGGED = "SELECT subject FROM vault.erasures WHERE subject IS NOT NULL"
PLATFORMS = (
    "SELECT name, authorities, (extract(epoch FROM created_at) * 1000)::bigint"
    " FROM registry.platforms"
)
CHANGES = (
    "SELECT platform, authority, added, (extract(epoch FROM at) * 1000)::bigint"
    " FROM registry.authority_changes ORDER BY id"
)
HEAD = "SELECT n, digest, published_n FROM matching.head"
ROUNDS = "SELECT n, body FROM matching.rounds ORDER BY n"
SUGGESTIONS = (
    "SELECT id, state, seq, members, platforms, body::text AS body FROM matching.suggestions"
)
OUTBOX = "SELECT DISTINCT key FROM matching.outbox"
LEDGERS = "SELECT n, body FROM matching.ledgers"
POLICIES = "SELECT digest, body FROM matching.policies"
BASES = "SELECT digest, body FROM matching.bases"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far profile is in one partition of the log."""

    next_offset: int = 0
    published_offset: int = 0
    latest: int = 0


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of profile.members or profile.ties; `state` None marks one erased, tombstone pending."""

    partition: int
    version: int
    state: bytes | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A record that profile set aside."""

    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    at: Any


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """A row of matching.suggestions."""

    state: str
    seq: int
    members: tuple[str, ...]
    platforms: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """Where matching's ledger stands; n = 0 before the first round."""

    n: int = 0
    digest: str = ""
    published_n: int = 0


@dataclass(frozen=True, slots=True)
class AuthorityChange:
    """A platform was given an authority, or lost it."""

    platform: str
    authority: str
    added: bool
    at: int  # wall clock, ms


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All tables at one moment; rows by their Kafka key."""

    partitions: Mapping[int, Progress]
    inbox: Mapping[int, Mapping[bytes, Seen]]
    rows: Mapping[str, StoredRow]
    quarantine: tuple[Quarantined, ...]
    keys: Mapping[str, bytes]  # subject -> data key, retired ones too
    people: Mapping[str, tuple[str, str]]  # subject -> (authority, external id), retired ones too
    platforms: Mapping[str, tuple[str, ...]]  # name -> authorities
    head: Head
    rounds: Mapping[int, bytes]
    ledgers: Mapping[int, bytes]  # matching's memory after some rounds, msgpack
    suggestions: Mapping[str, StoredSuggestion]
    unpublished: frozenset[str]  # keys with an image in the outbox
    policies: Mapping[str, bytes]
    bases: Mapping[str, bytes]
    retired: frozenset[str] = frozenset()  # subjects in `people` whose erasure is under way
    unlogged: frozenset[str] = frozenset()  # of these, whose erasure ingestion has yet to write
    registered: Mapping[str, int] = field(default_factory=dict)  # platform -> wall clock, ms
    changes: tuple[AuthorityChange, ...] = ()  # in the order they were made


Connection: TypeAlias = "asyncpg.Connection[Any]"


async def connected(settings: Settings) -> Connection:
    """A connection as the login itself, which may read every schema."""
    with usable():
        return await asyncpg.connect(
            settings.database_url.get_secret_value(),
            timeout=10,
            server_settings={"application_name": "crosstie-check"},
        )


async def snapshot(connection: Connection, settings: Settings) -> Snapshot:
    """Everything that the books compare, as of now."""
    with usable():
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _read(connection, settings)


async def _read(connection: Connection, settings: Settings) -> Snapshot:
    async def rows(statement: str) -> list[Any]:
        return await connection.fetch(statement)

    inbox: dict[int, dict[bytes, Seen]] = {}
    for partition, identity, body, watermark in await rows(INBOX):
        inbox.setdefault(partition, {})[bytes(identity)] = Seen(bytes(body), watermark)
    subjects, platforms = await rows(SUBJECTS), await rows(PLATFORMS)
    head = await connection.fetchrow(HEAD)
    return Snapshot(
        partitions={each[0]: Progress(*each[1:]) for each in await rows(PARTITIONS)},
        inbox=inbox,
        rows={
            **{member_key(s): _row(p, v, state) for s, p, v, state in await rows(MEMBERS)},
            **{tie_key(a, b): _row(p, v, state) for a, b, p, v, state in await rows(TIES)},
        },
        quarantine=tuple(Quarantined(*each) for each in await rows(QUARANTINE)),
        keys={
            each["subject"]: unwrap(each["wrapped_key"], settings.vault_key_bytes)
            for each in subjects
        },
        people={each["subject"]: (each["authority"], each["external_id"]) for each in subjects},
        platforms={name: tuple(authorities) for name, authorities, _ in platforms},
        head=Head(*head) if head is not None else Head(),
        rounds={n: bytes(body) for n, body in await rows(ROUNDS)},
        ledgers={n: bytes(body) for n, body in await rows(LEDGERS)},
        suggestions={
            id: StoredSuggestion(state, seq, tuple(members), tuple(platforms), body.encode())
            for id, state, seq, members, platforms, body in await rows(SUGGESTIONS)
        },
        unpublished=frozenset(_text(each[0]) for each in await rows(OUTBOX)),
        policies={digest: _bytes(body) for digest, body in await rows(POLICIES)},
        bases={digest: _bytes(body) for digest, body in await rows(BASES)},
        retired=frozenset(each["subject"] for each in subjects if each["retired_at"] is not None),
        unlogged=frozenset(each["subject"] for each in await rows(UNLOGGED)),
        registered={name: at for name, _, at in platforms},
        changes=tuple(AuthorityChange(*each) for each in await rows(CHANGES)),
    )


def _row(partition: int, version: int, state: str | None) -> StoredRow:
    return StoredRow(partition, version, None if state is None else state.encode())


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else bytes(value).decode()


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
