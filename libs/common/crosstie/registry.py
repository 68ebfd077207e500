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
ALONE = """
-- no index can say that no two platforms share a source: they are added and changed one after another
LOCK TABLE registry.platforms IN SHARE ROW EXCLUSIVE MODE
"""
CHANGE_PLATFORM = "UPDATE registry.platforms SET sources = $2, authorities = $3 WHERE name = $1"
DATE_CHANGES = """
INSERT INTO registry.authority_changes (platform, authority, added)
SELECT $1, * FROM unnest($2::text[], $3::boolean[])
"""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform: the CloudEvents sources it uses, and the name spaces of persons it may write."""

    name: str
    sources: frozenset[str]
    authorities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What a platform is given, and what is taken from it."""

    more_sources: frozenset[str] = frozenset()
    fewer_sources: frozenset[str] = frozenset()
    more_authorities: frozenset[str] = frozenset()
    fewer_authorities: frozenset[str] = frozenset()


def checked(name: str, sources: Iterable[str], authorities: Iterable[str]) -> Platform:
    """A platform as an operator describes it. Raises Rejected with what is wrong."""
    platform = Platform(name, frozenset(sources), frozenset(authorities))
    _each("/name", NAME, [name], "1 to 40 of a-z, 0-9 and -")
    _each("/sources", SOURCE, platform.sources, "1 to 256 printable characters without spaces")
    _each("/authorities", NAME, platform.authorities, "1 to 40 of a-z, 0-9 and -")
    return platform


def changed(platform: Platform, change: Change) -> Platform:
    """`platform` after `change`; to give it what it has is no fault. Raises Rejected."""
    if change == Change():
        raise Rejected("", "no change", "what to add or to drop", "name a source or an authority")
    sources = _left(
        "/sources", "source", platform.sources, change.more_sources, change.fewer_sources
    )
    authorities = _left(
        "/authorities",
        "authority",
        platform.authorities,
        change.more_authorities,
        change.fewer_authorities,
    )
    return checked(platform.name, sources, authorities)


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
            remedy = "choose another, `crosstie platforms change` or `crosstie platforms keys add`"
            raise Rejected("/name", each.name, "a new name", remedy)
    return _sharing(others, platform.sources, platform.authorities)


async def alone(connection: Connection) -> None:
    """Nobody else adds or changes a platform before this transaction ends."""
    await connection.execute(ALONE)


async def change(
    connection: Connection, name: str, change: Change
) -> tuple[Platform, Platform, list[str]]:
    """A platform before and after `change`, and who else writes an authority that it was given.

    Raises Rejected when there is no such platform, with what is wrong, or when a source is taken.
    """
    async with connection.transaction():
        await alone(connection)
        platforms = {each.name: each for each in await every(connection)}
        before = platforms.pop(name, None)
        if before is None:
            raise nobody(name)
        after = changed(before, change)
        given = after.authorities - before.authorities
        sharing = _sharing(platforms.values(), after.sources - before.sources, given)
        await connection.execute(
            CHANGE_PLATFORM, name, sorted(after.sources), sorted(after.authorities)
        )
        dated = sorted(before.authorities ^ after.authorities)
        await connection.execute(DATE_CHANGES, name, dated, [each in given for each in dated])
    return before, after, sharing


def nobody(name: str) -> Rejected:
    """There is no platform of that name."""
    return Rejected("/name", name, "a platform", "see `crosstie platforms list`")


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


def _sharing(
    others: Iterable[Platform], sources: frozenset[str], authorities: frozenset[str]
) -> list[str]:
    """Who else writes one of `authorities`. Raises Rejected when a source is another's."""
    others = list(others)
    for each in others:
        for source in sorted(each.sources & sources):
            wanted = f"a source that nobody uses: it is of {each.name}"
            raise Rejected("/sources", source, wanted, "choose another: it tells whose an event is")
    return [each.name for each in others if each.authorities & authorities]


def _left(
    pointer: str,
    what: str,
    there: frozenset[str],
    more: frozenset[str],
    fewer: frozenset[str],
) -> frozenset[str]:
    """What a platform has after it was given `more` and `fewer` were taken from it."""
    for value in sorted(more & fewer):
        raise Rejected(pointer, value, "either added or dropped", "name it once")
    for value in sorted(fewer - there):
        has = ", ".join(sorted(there))
        raise Rejected(pointer, value, f"one that it has: {has}", f"drop another {what}, or none")
    left = (there | more) - fewer
    if not left:
        remedy = f"add another {what} with the same command"
        raise Rejected(pointer, "nothing", f"at least one {what} that is left", remedy)
    return left


def _each(pointer: str, pattern: re.Pattern[str], values: Iterable[str], limit: str) -> None:
    listed = list(values)
    if not listed:
        raise Rejected(pointer, "nothing", "given at least once", "name one")
    for value in listed:
        if not pattern.fullmatch(value):
            raise Rejected(pointer, value, limit, "spell it so")
