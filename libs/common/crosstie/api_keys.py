"""API keys: how one is made, recognised and narrowed, and who calls with it.

A key reads `ctk_<id>_<secret>`. Of its secret only an HMAC-SHA256 (RFC 2104) is stored, so it is
shown once; the HMAC's key is the deployment's pepper, so that whoever reads the table alone cannot
even try.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from crosstie import registry
from crosstie.errors import Rejected
from crosstie.registry import PLATFORM, Platform, named_in

Scope = Literal["write", "read"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
MOST_LABEL = 80
MOST_RATE = 100_000.0
_KEY = re.compile(r"ctk_([0-9a-f]{16})_([0-9a-f]{64})")
_OLD, _HMAC = 0, 1  # schemes: SHA-256 alone, before there was a pepper

ADD = """
INSERT INTO registry.api_keys (id, platform, hash, scheme, label, sources, scopes, expires_at, rate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
REVOKE = """
UPDATE registry.api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL RETURNING 1
"""
STANDING = """
SELECT id, platform, label, sources, scopes, expires_at, rate, created_at FROM registry.api_keys
WHERE revoked_at IS NULL ORDER BY platform, created_at, id
"""
CALLER = """
SELECT p.name, p.sources AS theirs, p.authorities,
       k.hash, k.scheme, k.sources, k.scopes, k.expires_at, k.rate
FROM registry.api_keys k JOIN registry.platforms p ON p.name = k.platform
WHERE k.id = $1 AND k.revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key taken apart."""

    id: str
    secret: str

    def __str__(self) -> str:
        return f"ctk_{self.id}_{self.secret}"

    def __repr__(self) -> str:
        return f"Key({self.id})"  # never the secret, in no log and no traceback

    def hash(self, pepper: bytes, scheme: int = _HMAC) -> bytes:
        """What the registry stores of it: 32 bytes."""
        if scheme == _OLD:
            return hashlib.sha256(self.secret.encode()).digest()
        return hmac.digest(pepper, self.secret.encode(), "sha256")

    def matches(self, stored: bytes, pepper: bytes, scheme: int = _HMAC) -> bool:
        """Whether `stored` is the hash of this key, in constant time."""
        return hmac.compare_digest(self.hash(pepper, scheme), stored)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a key may do; None is whatever the platform may."""

    label: str = ""
    sources: frozenset[str] | None = None
    scopes: frozenset[Scope] = frozenset(SCOPES)
    expires_at: datetime | None = None
    rate: float | None = None  # requests per second


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the platform, with the sources that the key allows."""

    key_id: str
    platform: Platform
    scopes: frozenset[str]
    expires_at: datetime | None
    rate: float | None

    def valid(self, now: datetime) -> bool:
        """Whether the key has not expired by `now`."""
        return self.expires_at is None or now < self.expires_at


def new_key() -> Key:
    """A key nobody has: 64 bits name it, 256 bits are its secret."""
    return Key(secrets.token_hex(8), secrets.token_hex(32))


def key_from(text: str) -> Key | None:
    """The key that `text` spells, None where it spells none."""
    found = _KEY.fullmatch(text)
    return Key(*found.groups()) if found else None


def allowed(
    *,
    label: str = "",
    sources: Iterable[str] = (),
    scopes: Iterable[str] = (),
    expires_at: datetime | None = None,
    rate: float | None = None,
    now: datetime,
) -> Allowed:
    """What an operator says a key may do; empty is everything. Raises Rejected with what is wrong."""
    scopes = tuple(scopes)
    if len(label) > MOST_LABEL or not label.isprintable():
        raise Rejected("/label", label, f"at most {MOST_LABEL} printable characters", "shorten it")
    for scope in scopes:
        if scope not in SCOPES:
            raise Rejected("/scope", scope, " or ".join(SCOPES), "name one of these")
    if expires_at is not None and expires_at.astimezone(UTC) <= now:
        raise Rejected("/expires", expires_at.isoformat(), "in the future", "choose a later time")
    if rate is not None and not 0 < rate <= MOST_RATE:
        raise Rejected("/rate", str(rate), f"above 0, at most {MOST_RATE:,.0f}", "choose another")
    chosen = frozenset(scope for scope in SCOPES if scope in scopes) or frozenset(SCOPES)
    return Allowed(label, frozenset(sources) or None, chosen, expires_at, rate)


async def add(connection: registry.Connection, name: str, may: Allowed, pepper: bytes) -> Key:
    """One more key for a platform. Raises Rejected where there is no such platform, or source."""
    row = await connection.fetchrow(PLATFORM, name)
    if row is None:
        raise registry.nobody(name)
    foreign = (may.sources or frozenset()) - frozenset(row["sources"])
    for source in sorted(foreign):
        raise Rejected("/source", source, f"a source of {name}", "see `crosstie platforms list`")
    key = new_key()
    sources = None if may.sources is None else sorted(may.sources)
    values = (may.label, sources, sorted(may.scopes), may.expires_at, may.rate)
    await connection.execute(ADD, key.id, name, key.hash(pepper), _HMAC, *values)
    return key


async def register(connection: registry.Connection, platform: Platform, pepper: bytes) -> Key:
    """Register `platform` and give it a key that may all it may. Raises Rejected, see registry.add."""
    async with connection.transaction():
        await registry.add(connection, platform)
        return await add(connection, platform.name, Allowed(), pepper)


async def revoke(connection: registry.Connection, key_id: str) -> None:
    """A key is valid no more. Raises Rejected where there is no such valid key."""
    if not await connection.fetchval(REVOKE, key_id):
        raise Rejected(
            "/key", key_id, "the id of a valid key", "see `crosstie platforms keys list`"
        )


async def standing(
    connection: registry.Connection, of: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Keys that are not revoked, by platform, oldest first; without their hashes.

    Raises Rejected where there is no platform `of`.
    """
    if of is not None and await connection.fetchrow(PLATFORM, of) is None:
        raise registry.nobody(of)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in await connection.fetch(STANDING):
        found.setdefault(row["platform"], []).append(dict(row))
    return found


async def caller(connection: registry.Connection, key: Key, pepper: bytes) -> Caller | None:
    """Who calls with `key`; None when it is unknown, wrong or revoked. Expiry is for `valid`."""
    row = await connection.fetchrow(CALLER, key.id)
    if row is None or not key.matches(row["hash"], pepper, row["scheme"]):
        return None
    return Caller(
        key.id,
        named_in(row["name"], _narrowed(row["theirs"], row["sources"]), row["authorities"]),
        frozenset(row["scopes"]),
        row["expires_at"],
        row["rate"],
    )


def _narrowed(theirs: Collection[str], allowed: Collection[str] | None) -> frozenset[str]:
    """A key never allows what the platform lost meanwhile."""
    return frozenset(theirs) if allowed is None else frozenset(theirs) & frozenset(allowed)
