"""`crosstie platforms`: who may send and receive, and their API keys."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from crosstie.cli.topics import Bootstrap, Prefix

if TYPE_CHECKING:
    from crosstie.registry import Key, Platform

T = TypeVar("T")
Database = Annotated[
    str,
    typer.Option(
        envvar="CROSSTIE_DATABASE_URL",
        show_envvar=True,
        help="PostgreSQL URL of the owner's login.",
    ),
]
Name = Annotated[str, typer.Argument(help="The platform: 1 to 40 of a-z, 0-9 and -.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def register(app: typer.Typer) -> None:
    platforms = typer.Typer(
        help="Platforms: add one, list them, give and revoke API keys.", no_args_is_help=True
    )
    platforms.command("add")(add)
    platforms.command("list")(list_platforms)
    platforms.command("key")(give_key)
    platforms.command("revoke")(revoke)
    app.add_typer(platforms, name="platforms")


def add(
    name: Name,
    source: Annotated[
        list[str], typer.Option(help="A CloudEvents source that it uses; may be given again.")
    ],
    authority: Annotated[
        list[str], typer.Option(help="A name space of persons that it may write; may be repeated.")
    ],
    bootstrap: Bootstrap,
    database: Database,
    prefix: Prefix = "crosstie.",
    as_json: AsJson = False,
) -> None:
    """Add a platform: its inbox and suggestions topics, and its first API key, shown this once."""
    from crosstie import registry
    from crosstie.runtime import reachable
    from crosstie.runtime.admin import create_topics
    from crosstie.topics import Topics

    platform = registry.checked(name, source, authority)
    topics = Topics(prefix)

    async def work(connection: Any) -> Key:
        await registry.refuse_taken(connection, name)
        await reachable.kafka(bootstrap)
        # topics first: when the rest fails, the same command works again
        await asyncio.to_thread(create_topics, bootstrap, topics.of_platform(name))
        return await registry.add(connection, platform)

    key = _connected(database, work)
    if as_json:
        made = {"inbox": topics.inbox(name).name, "suggestions": topics.suggestions(name).name}
        print(json.dumps(_shown(platform) | made | {"key": str(key)}))
        return
    print(f"platform     {name}")
    print(f"inbox        {topics.inbox(name).name}")
    print(f"suggestions  {topics.suggestions(name).name}")
    _print_key(key)


def list_platforms(database: Database, as_json: AsJson = False) -> None:
    """List the platforms with their sources, authorities and the ids of their valid keys."""
    platforms, keys = _connected(database, _platforms_and_keys)
    if as_json:
        print(json.dumps([_shown(each) | {"keys": keys.get(each.name, [])} for each in platforms]))
        return
    for each in platforms:
        print(each.name)
        print(f"  sources      {', '.join(sorted(each.sources))}")
        print(f"  authorities  {', '.join(sorted(each.authorities))}")
        print(f"  keys         {', '.join(keys.get(each.name, [])) or 'none'}")
    if not platforms:
        print("no platforms yet; add one with `crosstie platforms add`", file=sys.stderr)


def give_key(name: Name, database: Database, as_json: AsJson = False) -> None:
    """Give a platform one more API key, shown this once; the others stay valid."""
    from crosstie import registry

    key = _connected(database, lambda connection: registry.add_key(connection, name))
    if as_json:
        print(json.dumps({"name": name, "key": str(key)}))
    else:
        _print_key(key)


def revoke(
    key_id: Annotated[str, typer.Argument(help="The id of the key: what stands after ctk_.")],
    database: Database,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key; services that know it refuse it within a minute."""
    from crosstie import registry

    _connected(database, lambda connection: registry.revoke(connection, key_id))
    print(json.dumps({"revoked": key_id}) if as_json else f"{key_id} is revoked")


async def _platforms_and_keys(connection: Any) -> tuple[list[Platform], dict[str, list[str]]]:
    from crosstie import registry

    return await registry.every(connection), await registry.valid_keys(connection)


def _connected(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    """Do `work` with a connection. Raises DatabaseAway."""
    import asyncpg

    from crosstie.runtime import reachable
    from crosstie.runtime.database import transient

    async def connected() -> T:
        await reachable.postgres(url)
        with transient():
            connection = await asyncpg.connect(url, timeout=10)
            try:
                return await work(connection)
            finally:
                await connection.close()

    return asyncio.run(connected())


def _shown(platform: Platform) -> dict[str, Any]:
    return {
        "name": platform.name,
        "sources": sorted(platform.sources),
        "authorities": sorted(platform.authorities),
    }


def _print_key(key: Key) -> None:
    print(f"key          {key}")
    print("keep the key: it is not stored and cannot be shown again", file=sys.stderr)
