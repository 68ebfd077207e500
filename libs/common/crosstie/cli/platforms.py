"""`crosstie platforms`: who may send and receive, whose events, and their API keys."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crosstie.cli import keys
from crosstie.cli.acls import allow_where_asked
from crosstie.cli.keys import AsJson, Database, Name, connected, print_key
from crosstie.cli.needed import BOOTSTRAP, DATABASE, need
from crosstie.cli.options import Bootstrap, Prefix
from crosstie.cli.shared import brokers_at

if TYPE_CHECKING:
    from crosstie.api_keys import Key
    from crosstie.registry import Platform


def register(app: typer.Typer) -> None:
    platforms = typer.Typer(
        help="Platforms: add, change, list; add, list and revoke API keys.", no_args_is_help=True
    )
    platforms.command("add")(add)
    platforms.command("change")(change)
    platforms.command("list")(list_platforms)
    keys.register(platforms)
    app.add_typer(platforms, name="platforms")


def add(
    name: Name,
    source: Annotated[
        list[str], typer.Option(help="A CloudEvents source that it uses; may be given again.")
    ],
    authority: Annotated[
        list[str], typer.Option(help="A name space of persons that it may write; may be repeated.")
    ],
    bootstrap: Bootstrap = "",
    database: Database = "",
    prefix: Prefix = "crosstie.",
    as_json: AsJson = False,
) -> None:
    """Add a platform: its inbox and suggestions topics, and its first API key, shown this once.

    Where Kafka has an authorizer, the platform's user is allowed these two topics and nothing else.
    """
    from crosstie import access, api_keys, registry
    from crosstie.cli.keys import pepper
    from crosstie.runtime import reachable
    from crosstie.runtime.admin import create_topics
    from crosstie.topics import Topics

    need({BOOTSTRAP: bootstrap, DATABASE: database})
    secret = pepper()
    platform = registry.checked(name, source, authority)
    topics, brokers = Topics(prefix), brokers_at(bootstrap)

    async def work(connection: Any) -> Key:
        _tell_sharing(name, await registry.refuse_taken(connection, platform))
        await reachable.kafka(brokers)
        # topics first: when the rest fails, the same command works again
        await asyncio.to_thread(create_topics, brokers, topics.of_platform(name))
        await asyncio.to_thread(allow_where_asked, brokers, access.of_platform(topics, name))
        async with connection.transaction():
            await registry.alone(connection)
            await registry.refuse_taken(connection, platform)  # who came meanwhile
            return await api_keys.register(connection, platform, secret)

    key = connected(database, work)
    if as_json:
        made = {"inbox": topics.inbox(name).name, "suggestions": topics.suggestions(name).name}
        made["user"] = access.platform_user(topics, name)
        print(json.dumps(_shown(platform) | made | {"key": str(key)}))
        return
    print(f"platform     {name}")
    print(f"inbox        {topics.inbox(name).name}")
    print(f"suggestions  {topics.suggestions(name).name}")
    print(f"Kafka user   {access.platform_user(topics, name)}")
    print_key(key)


def change(
    name: Name,
    add_source: Annotated[
        list[str] | None, typer.Option(help="One more CloudEvents source; may be given again.")
    ] = None,
    drop_source: Annotated[
        list[str] | None, typer.Option(help="A source that it uses no more; may be given again.")
    ] = None,
    add_authority: Annotated[
        list[str] | None,
        typer.Option(help="One more name space of persons that it may write; may be repeated."),
    ] = None,
    drop_authority: Annotated[
        list[str] | None,
        typer.Option(help="A name space that it may write no more; may be repeated."),
    ] = None,
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Change whose events a platform sends: all of it or nothing. Services heed it within seconds.

    Its keys stay: one for all its sources is one for these, one that names a dropped source loses it.
    """
    from crosstie import api_keys, registry

    wanted = registry.Change(
        more_sources=frozenset(add_source or ()),
        fewer_sources=frozenset(drop_source or ()),
        more_authorities=frozenset(add_authority or ()),
        fewer_authorities=frozenset(drop_authority or ()),
    )

    async def work(connection: Any) -> tuple[Platform, list[str]]:
        before, after, sharing = await registry.change(connection, name, wanted)
        _tell_sharing(name, sharing)
        found = (await api_keys.standing(connection)).get(name, [])
        _tell_narrowed(found, before.sources - after.sources, after)
        return after, [each["id"] for each in found]

    platform, ids = connected(database, work)
    if as_json:
        print(json.dumps(_shown(platform) | {"keys": ids}))
    else:
        _print(platform, ids)


def list_platforms(database: Database = "", as_json: AsJson = False) -> None:
    """List the platforms with their sources, authorities and the ids of their valid keys."""
    platforms, found = connected(database, _platforms_and_keys)
    ids = {name: [key["id"] for key in theirs] for name, theirs in found.items()}
    if as_json:
        print(json.dumps([_shown(each) | {"keys": ids.get(each.name, [])} for each in platforms]))
        return
    for each in platforms:
        _print(each, ids.get(each.name, []))
    if not platforms:
        print("no platforms yet; add one with `crosstie platforms add`", file=sys.stderr)


async def _platforms_and_keys(connection: Any) -> tuple[list[Platform], dict[str, Any]]:
    from crosstie import api_keys, registry

    return await registry.every(connection), await api_keys.standing(connection)


def _tell_sharing(name: str, others: Iterable[str]) -> None:
    for other in others:
        print(
            f"note: {other} writes for an authority of {name} too: each reads, and may erase, "
            "the other's people of it",
            file=sys.stderr,
        )


def _tell_narrowed(found: Iterable[dict[str, Any]], lost: frozenset[str], now: Platform) -> None:
    """Name each key that was for a source that is lost."""
    for key in found:
        mine = frozenset(key["sources"] or ())
        if mine & lost:
            left = ", ".join(sorted(mine & now.sources)) or "no source"
            print(
                f"note: key {key['id']} may send for {left} from now on; "
                "add another where that is too little",
                file=sys.stderr,
            )


def _print(platform: Platform, ids: Iterable[str]) -> None:
    print(platform.name)
    print(f"  sources      {', '.join(sorted(platform.sources))}")
    print(f"  authorities  {', '.join(sorted(platform.authorities))}")
    print(f"  keys         {', '.join(ids) or 'none'}")


def _shown(platform: Platform) -> dict[str, Any]:
    return {
        "name": platform.name,
        "sources": sorted(platform.sources),
        "authorities": sorted(platform.authorities),
    }
