"""Rows of profile that a platform reads over HTTP, and who asks for them."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from crosstie import api_keys, registry, sealing
from crosstie.network import facts as f
from crosstie.network.facts import Event
from crosstie.network.fold import fold_all
from crosstie.network.state import member_key, tie_key
from crosstie.network.wire import encode
from crosstie.runtime.auth import Keys
from crosstie.runtime.limits import limit
from crosstie.settings import Settings
from services.profile.reads import Reads
from services.profile.routes import routes
from tests.profile_log import ALMA, BORIS, CHIDI

PLATFORM = "intranet"
DANA = "D" * 16
NOON_US = 1_760_000_000_000_000
PEOPLE = {ALMA: ("nhs", "alma"), BORIS: ("homes", "boris"), CHIDI: ("nhs", "chidi")}


def about(subject: str, type: str, data: f.MemberFact) -> Event:
    return Event("p", "1", f"org.crosstie.{type}.v1", NOON_US, member_key(subject), data)


def met(one: str, other: str) -> Event:
    data = f.Contact((one, other), "met")
    return Event("p", "1", "org.crosstie.contact.made.v1", NOON_US, tie_key(one, other), data)


EVENTS = [
    *(about(each, "member.joined", f.Joined(each, consent=True)) for each in (*PEOPLE, DANA)),
    about(ALMA, "member.described", f.Described(ALMA, sector="nursing", level=3, reports_to=BORIS)),
    about(ALMA, "need.posted", f.Posted(ALMA, "n1", "a van")),
    about(BORIS, "member.described", f.Described(BORIS, sector="housing", role="warden")),
    about(CHIDI, "member.described", f.Described(CHIDI, sector="prison", level=6)),
    about(DANA, "member.described", f.Described(DANA, sector="a\x00b")),
    met(ALMA, BORIS),
    met(BORIS, CHIDI),
]


async def fill(database: str) -> None:
    """People in the vault, and rows as profile folds them."""
    connection = await asyncpg.connect(database)
    for subject, (authority, id) in PEOPLE.items():
        await connection.execute(
            "INSERT INTO vault.subjects (subject, authority, external_id, wrapped_key)"
            " VALUES ($1, $2, $3, $4)",
            *(subject, authority, id, sealing.wrap(sealing.new_key(), b"0" * 32)),
        )
    await store(connection, EVENTS)
    await connection.execute(
        "INSERT INTO profile.partitions (partition, topic_id, latest) VALUES (0, 'x', $1)", NOON_US
    )
    await connection.close()


async def store(connection: asyncpg.Connection[Any], events: list[Event]) -> None:
    """The rows that these events fold to."""
    for key, row in fold_all({}, events).items():
        kind, *ends = key.split("/")
        table, columns = ("members", "subject") if kind == "member" else ("ties", "a, b")
        values = ", ".join(f"'{each}'" for each in ends)
        assert row is not None
        await connection.execute(
            f"INSERT INTO profile.{table} ({columns}, partition, version, state)"
            f" VALUES ({values}, 0, 1, $1)",
            encode(row).decode(),
        )


def reading(database: str) -> asyncpg.pool.Pool[Any]:
    """Connections with no more rights than profile has."""
    settings = {"role": "crosstie_profile"}
    return asyncpg.create_pool(database, min_size=1, server_settings=settings)


async def key_of(database: str) -> str:
    """The key of a platform that writes for `nhs` alone."""
    connection = await asyncpg.connect(database)
    platform = registry.checked(PLATFORM, ["https://intranet.example"], ["nhs"])
    key = await api_keys.register(connection, platform, b"")
    await connection.close()
    return str(key)


def asking(keys: Keys, pool: asyncpg.Pool[Any], key: str) -> httpx.AsyncClient:
    """Asks the routes of profile, within the limits that are around them in a service."""
    api, reads = FastAPI(), Reads("log")
    reads.connect(pool)
    routes(api, keys, reads)
    settings = Settings(kafka_bootstrap="localhost:1", database_url="postgresql://localhost/x")
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(limit(api, settings)),
        base_url="http://profile",
        headers={"Authorization": f"Bearer {key}"},
    )
