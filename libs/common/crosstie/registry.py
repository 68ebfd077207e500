"""Platforms and their API keys: who may send what, and how a key is made and recognised.

A key reads `ctk_<id>_<secret>`; only the SHA-256 of its secret is stored, so it is shown once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import asyncpg

from crosstie.errors import Rejected

NAME = re.compile(r"[a-z0-9-]{1,40}")
SOURCE = re.compile(r"[\x21-\x7e]{1,256}")
_KEY = re.compile(r"ctk_([0-9a-f]{16})_([0-9a-f]{64})")

ADD_PLATFORM = """
INSERT INTO registry.platforms (name, sources, authorities) VALUES ($1, $2, $3)
ON CONFLICT (name) DO NOTHING
RETURNING 1
"""
ADD_KEY = "INSERT INTO registry.api_keys (id, platform, hash) VALUES ($1, $2, $3)"
VALID_KEYS = (
    "SELECT id, platform FROM registry.api_keys WHERE revoked_at IS NULL ORDER BY created_at"
)
REVOKE_KEY = """
UPDATE registry.api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING 1
"""
PLATFORMS = "SELECT name, sources, authorities FROM registry.platforms ORDER BY name"
PLATFORM = "SELECT name, sources, authorities FROM registry.platforms WHERE name = $1"
PLATFORM_OF_KEY = """
SELECT p.name, p.sources, p.authorities, k.hash
FROM registry.api_keys k JOIN registry.platforms p ON p.name = k.platform
WHERE k.id = $1 AND k.revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: the CloudEvents sources it uses, and the name spaces of persons it may write."""

    name: str
    sources: frozenset[str]
    authorities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Key:
    """An API key taken apart."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"ctk_{self.id}_{self.secret}"

    @property
    def hash(self) -> bytes:
        """What the registry stores of it."""
        return hashlib.sha256(self.secret.encode()).digest()

    def matches(self, stored: bytes) -> bool:
        """Whether `stored` is the hash of this key, in constant time."""
        return hmac.compare_digest(self.hash, stored)


def new_key() -> Key:
    """A key nobody has: 64 bits name it, 256 bits are its secret."""
    return Key(secrets.token_hex(8), secrets.token_hex(32))


def key_from(text: str) -> Key | None:
    """The key that `text` spells, None where it spells none."""
    found = _KEY.fullmatch(text)
    return Key(*found.groups()) if found else None


def checked(name: str, sources: Iterable[str], authorities: Iterable[str]) -> Platform:
    """A platform as an operator describes it. Raises Rejected with what is wrong."""
    platform = Platform(name, frozenset(sources), frozenset(authorities))
    _each("/name", NAME, [name], "1 to 40 of a-z, 0-9 and -")
    _each("/sources", SOURCE, platform.sources, "1 to 256 printable characters without spaces")
    _each("/authorities", NAME, platform.authorities, "1 to 40 of a-z, 0-9 and -")
    return platform


async def add(connection: asyncpg.Connection[Any], platform: Platform) -> Key:
    """Register `platform` and give it a key. Raises Rejected when the name is taken."""
    key = new_key()
    async with connection.transaction():
        values = (platform.name, sorted(platform.sources), sorted(platform.authorities))
        if not await connection.fetchval(ADD_PLATFORM, *values):
            raise Rejected("/name", platform.name, "a new name", "choose another name")
        await connection.execute(ADD_KEY, key.id, platform.name, key.hash)
    return key


async def refuse_taken(connection: asyncpg.Connection[Any], name: str) -> None:
    """Raises Rejected when there is a platform of that name."""
    if await connection.fetchrow(PLATFORM, name):
        raise Rejected("/name", name, "a new name", "choose another, or `crosstie platforms key`")


async def add_key(connection: asyncpg.Connection[Any], name: str) -> Key:
    """One more key for a platform. Raises Rejected where there is no such platform."""
    if not await connection.fetchrow(PLATFORM, name):
        raise Rejected("/name", name, "a platform", "see `crosstie platforms list`")
    key = new_key()
    await connection.execute(ADD_KEY, key.id, name, key.hash)
    return key


async def revoke(connection: asyncpg.Connection[Any], key_id: str) -> None:
    """A key is valid no more. Raises Rejected where there is no such valid key."""
    if not await connection.fetchval(REVOKE_KEY, key_id):
        raise Rejected("/key", key_id, "the id of a valid key", "see `crosstie platforms list`")


async def valid_keys(connection: asyncpg.Connection[Any]) -> dict[str, list[str]]:
    """The ids of valid keys by platform, oldest first."""
    found: dict[str, list[str]] = {}
    for row in await connection.fetch(VALID_KEYS):
        found.setdefault(row["platform"], []).append(row["id"])
    return found


async def every(connection: asyncpg.Connection[Any]) -> list[Platform]:
    """All platforms in order of name."""
    return [_platform(row) for row in await connection.fetch(PLATFORMS)]


async def named(pool: asyncpg.Pool[Any], name: str) -> Platform | None:
    """The platform of that name."""
    row = await pool.fetchrow(PLATFORM, name)
    return None if row is None else _platform(row)


async def of_key(pool: asyncpg.Pool[Any], key: Key) -> Platform | None:
    """The platform that `key` belongs to; None when it is unknown, wrong or revoked."""
    row = await pool.fetchrow(PLATFORM_OF_KEY, key.id)
    return _platform(row) if row is not None and key.matches(row["hash"]) else None


def _platform(row: Any) -> Platform:
    return Platform(row["name"], frozenset(row["sources"]), frozenset(row["authorities"]))


def _each(pointer: str, pattern: re.Pattern[str], values: Iterable[str], limit: str) -> None:
    listed = list(values)
    if not listed:
        raise Rejected(pointer, "nothing", "given at least once", "name one")
    for value in listed:
        if not pattern.fullmatch(value):
            raise Rejected(pointer, value, limit, "spell it so")
