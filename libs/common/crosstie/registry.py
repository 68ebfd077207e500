"""Platforms: who may send what, about whom. Their keys are in `api_keys`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from crosstie.errors import Rejected

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
NAME = re.compile(r"[a-z0-9-]{1,40}")
SOURCE = re.compile(r"[\x21-\x7e]{1,256}")

ADD_PLATFORM = """
INSERT INTO registry.platforms (name, sources, authorities) VALUES ($1, $2, $3)
ON CONFLICT (name) DO NOTHING
RETURNING 1
"""
PLATFORMS = "SELECT name, sources, authorities FROM registry.platforms ORDER BY name"
PLATFORM = "SELECT name, sources, authorities FROM registry.platforms WHERE name = $1"


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: the CloudEvents sources it uses, and the name spaces of persons it may write."""

    name: str
    sources: frozenset[str]
    authorities: frozenset[str]


def checked(name: str, sources: Iterable[str], authorities: Iterable[str]) -> Platform:
    """A platform as an operator describes it. Raises Rejected with what is wrong."""
    platform = Platform(name, frozenset(sources), frozenset(authorities))
    _each("/name", NAME, [name], "1 to 40 of a-z, 0-9 and -")
    _each("/sources", SOURCE, platform.sources, "1 to 256 printable characters without spaces")
    _each("/authorities", NAME, platform.authorities, "1 to 40 of a-z, 0-9 and -")
    return platform


async def add(connection: Connection, platform: Platform) -> None:
    """Register `platform`. Raises Rejected when the name is taken."""
    values = (platform.name, sorted(platform.sources), sorted(platform.authorities))
    if not await connection.fetchval(ADD_PLATFORM, *values):
        raise Rejected("/name", platform.name, "a new name", "choose another name")


async def refuse_taken(connection: Connection, platform: Platform) -> list[str]:
    """Who else writes one of its authorities. Raises Rejected when its name or a source is taken."""
    others = await every(connection)
    for each in others:
        if each.name == platform.name:
            remedy = "choose another, or `crosstie platforms keys add`"
            raise Rejected("/name", each.name, "a new name", remedy)
        for source in sorted(each.sources & platform.sources):
            wanted = f"a source that nobody uses: it is of {each.name}"
            raise Rejected("/sources", source, wanted, "choose another: it tells whose an event is")
    return [each.name for each in others if each.authorities & platform.authorities]


async def every(connection: Connection) -> list[Platform]:
    """All platforms in order of name."""
    return [
        named_in(row["name"], row["sources"], row["authorities"])
        for row in await connection.fetch(PLATFORMS)
    ]


async def named(pool: asyncpg.Pool[Any], name: str) -> Platform | None:
    """The platform of that name."""
    row = await pool.fetchrow(PLATFORM, name)
    return None if row is None else named_in(row["name"], row["sources"], row["authorities"])


def named_in(name: str, sources: Iterable[str], authorities: Iterable[str]) -> Platform:
    """A platform as a row tells of it."""
    return Platform(name, frozenset(sources), frozenset(authorities))


def _each(pointer: str, pattern: re.Pattern[str], values: Iterable[str], limit: str) -> None:
    listed = list(values)
    if not listed:
        raise Rejected(pointer, "nothing", "given at least once", "name one")
    for value in listed:
        if not pattern.fullmatch(value):
            raise Rejected(pointer, value, limit, "spell it so")
