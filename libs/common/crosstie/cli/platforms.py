"""`crosstie platforms`: who may send and receive, and their API keys."""

from __future__ import annotations

import asyncio
import json
import sys
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
        help="Platforms: add one, list them; add, list and revoke API keys.", no_args_is_help=True
    )
    platforms.command("add")(add)
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
        for other in await registry.refuse_taken(connection, platform):
            print(
                f"note: {other} writes for an authority of {name} too: each reads, and may erase, "
                "the other's people of it",
                file=sys.stderr,
            )
        await reachable.kafka(brokers)
        # topics first: when the rest fails, the same command works again
        await asyncio.to_thread(create_topics, brokers, topics.of_platform(name))
        await asyncio.to_thread(allow_where_asked, brokers, access.of_platform(topics, name))
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


def list_platforms(database: Database = "", as_json: AsJson = False) -> None:
    """List the platforms with their sources, authorities and the ids of their valid keys."""
    platforms, found = connected(database, _platforms_and_keys)
    ids = {name: [key["id"] for key in theirs] for name, theirs in found.items()}
    if as_json:
        print(json.dumps([_shown(each) | {"keys": ids.get(each.name, [])} for each in platforms]))
        return
    for each in platforms:
        print(each.name)
        print(f"  sources      {', '.join(sorted(each.sources))}")
        print(f"  authorities  {', '.join(sorted(each.authorities))}")
        print(f"  keys         {', '.join(ids.get(each.name, [])) or 'none'}")
    if not platforms:
        print("no platforms yet; add one with `crosstie platforms add`", file=sys.stderr)


async def _platforms_and_keys(connection: Any) -> tuple[list[Platform], dict[str, Any]]:
    from crosstie import api_keys, registry

    return await registry.every(connection), await api_keys.standing(connection)


def _shown(platform: Platform) -> dict[str, Any]:
    return {
        "name": platform.name,
        "sources": sorted(platform.sources),
        "authorities": sorted(platform.authorities),
    }
