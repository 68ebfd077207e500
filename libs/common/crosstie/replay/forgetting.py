"""Erase one person as their platform could, wait until it is done, and say what still holds data."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass

import asyncpg
from aiokafka import AIOKafkaProducer

from crosstie import instants
from crosstie.door.entries import erasure as entry
from crosstie.erasures import Erasure, Erasures, Unlogged, digest
from crosstie.errors import DatabaseAway
from crosstie.events import Person
from crosstie.replay import erasure, search
from crosstie.replay.erasure import Holder
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.away import reached
from crosstie.runtime.kafka import producer_options, started
from crosstie.runtime.stopping import stop
from crosstie.runtime.usable import usable
from crosstie.settings import Settings
from crosstie.vault import Vault

SOURCE = "crosstie/forget"
PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.25

KNOWN = "SELECT subject FROM vault.subjects WHERE authority = $1 AND external_id = $2"
ASKED = "SELECT EXISTS (SELECT FROM vault.erasures WHERE person = $1)"
LEFT = "SELECT count(*) FROM vault.subjects WHERE subject = ANY($1)"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Whom an erasure was about, and what still holds what they said."""

    subjects: tuple[str, ...]  # none: nobody was known by that name
    done: bool  # profile has folded it: no key is left
    holders: tuple[Holder, ...] = ()
    before: bool = False  # an erasure of this name was asked for before


async def forget(
    settings: Settings, person: Person, patience_seconds: float = PATIENCE_SECONDS
) -> Forgotten:
    """Erase `person` as of now. May be repeated. Raises Misconfigured, BrokerAway, DatabaseAway."""
    names = await asyncio.to_thread(partitions_of, settings.brokers)  # Kafka is there
    async with await _pool(settings) as pool:
        with usable():
            rows = await pool.fetch(KNOWN, person.authority, person.id)
            before = await pool.fetchval(ASKED, digest(settings.vault_key_bytes, person))
        # by another key the erasure is noted of nobody: what is older would come in again
        await Vault(pool, settings.vault_key_bytes).probe()
        subjects = tuple(sorted(row["subject"] for row in rows))
        now = instants.now()
        erasures = Erasures(pool, settings.vault_key_bytes)
        unlogged = await erasures.retire([Erasure(person, now, SOURCE, secrets.token_hex(16))])
        if unlogged:
            await _log(settings, unlogged)
            await erasures.logged(unlogged)
        done = await _gone(pool, subjects, patience_seconds)
    return Forgotten(subjects, done, _holders(settings, subjects, names, now), bool(before))


async def _pool(settings: Settings) -> asyncpg.Pool[asyncpg.Record]:
    url = settings.database_url.get_secret_value()
    with usable():
        return await asyncpg.create_pool(url, min_size=1, max_size=2, timeout=10)


async def _log(settings: Settings, unlogged: list[Unlogged]) -> None:
    topic = settings.topics.events.name
    producer = await started(AIOKafkaProducer(**producer_options(settings)))
    try:
        for each in unlogged:
            record = entry(each.source, each.id, each.time, each.subject)
            headers = list(record.headers)
            with reached():
                await producer.send_and_wait(topic, record.value, record.key, headers=headers)
    finally:
        await stop(producer)


async def _gone(
    pool: asyncpg.Pool[asyncpg.Record], subjects: tuple[str, ...], limit: float
) -> bool:
    """Whether the fold takes the vault's rows away within `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        with usable():
            left = await pool.fetchval(LEFT, list(subjects))
        if left is None:
            raise DatabaseAway("no answer about the vault")
        if not left or time.monotonic() > deadline:
            return not left
        await asyncio.sleep(_POLL_SECONDS)


def _holders(
    settings: Settings, subjects: tuple[str, ...], names: Iterable[str], at: int
) -> tuple[Holder, ...]:
    if not subjects:
        return ()
    kept = [name for name in sorted(names) if search.has_deadline(settings.topics, name)]
    return tuple(erasure.remaining(at, [*kept, "profile.quarantine"]))
