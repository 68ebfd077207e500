"""`crosstie platforms keys`: API keys of a platform, what each may do, until when."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from crosstie.cli.needed import DATABASE, need
from crosstie.cli.shared import completed
from crosstie.errors import Misconfigured

if TYPE_CHECKING:
    from crosstie.api_keys import Key

T = TypeVar("T")
PEPPER = "CROSSTIE_API_KEY_PEPPER"
MOST_DAYS = 36_500.0
Database = Annotated[
    str,
    typer.Option(
        envvar="CROSSTIE_DATABASE_URL",
        show_envvar=True,
        help="PostgreSQL URL of the owner's login; it must be given.",
        show_default=False,
    ),
]
Name = Annotated[str, typer.Argument(help="The platform: 1 to 40 of a-z, 0-9 and -.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def register(platforms: typer.Typer) -> None:
    keys = typer.Typer(help="API keys: add, list, revoke.", no_args_is_help=True)
    keys.command("add")(add)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke)
    platforms.add_typer(keys, name="keys")


def add(
    name: Name,
    database: Database = "",
    label: Annotated[str, typer.Option(help="What it is for, to tell it from others.")] = "",
    source: Annotated[
        list[str] | None,
        typer.Option(help="Only events of this source of the platform; may be given again."),
    ] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="write (send events) or read; may be given again; without, both."),
    ] = None,
    days: Annotated[
        float | None,
        typer.Option(min=0, max=MOST_DAYS, help="It expires after so many days; without, never."),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="Requests per second, instead of the service's setting.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a platform one more API key, shown this once; the others stay valid."""
    from crosstie import api_keys

    now = datetime.now(UTC)
    may = api_keys.allowed(
        label=label,
        sources=source or (),
        scopes=scope or (),
        expires_at=None if days is None else now + timedelta(days=days),
        rate=rate,
        now=now,
    )
    secret = pepper()
    key = connected(database, lambda connection: api_keys.add(connection, name, may, secret))
    if as_json:
        print(json.dumps({"name": name, "id": key.id, "key": str(key)}))
    else:
        print_key(key)


def list_keys(
    database: Database = "",
    name: Annotated[str | None, typer.Argument(help="Of this platform only.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the keys that are not revoked: id, label, what they may do; never their secrets."""
    from crosstie import api_keys

    standing = connected(database, lambda connection: api_keys.standing(connection, name))
    chosen = [
        _shown(key)
        for theirs in standing.values()
        for key in theirs
        if name in (None, key["platform"])
    ]
    if as_json:
        print(json.dumps(chosen))
        return
    for key in chosen:
        said = [key["platform"], key["id"], "+".join(key["scopes"]), key["label"]]
        said += [f"sources {', '.join(key['sources'])}"] if key["sources"] else []
        said += [f"{key['rate']:g}/s"] if key["rate"] else []
        said += [f"until {key['expires_at'][:16]}"] if key["expires_at"] else []
        said += ["expired"] if key["expired"] else []
        print("  ".join(each for each in said if each))
    if not chosen:
        print("no keys; add one with `crosstie platforms keys add`", file=sys.stderr)


def revoke(
    key_id: Annotated[str, typer.Argument(help="The id of the key, with or without ctk_.")],
    database: Database = "",
    as_json: AsJson = False,
) -> None:
    """Revoke an API key: within seconds no service takes it, unless PostgreSQL is away."""
    from crosstie import api_keys

    id = key_id.removeprefix("ctk_")
    connected(database, lambda connection: api_keys.revoke(connection, id))
    print(json.dumps({"revoked": id}) if as_json else f"{id} is revoked")


def pepper() -> bytes:
    """What the services hash keys with. Raises Misconfigured for what is no 32 bytes in base64."""
    import base64
    import binascii

    said = os.environ.get(PEPPER, "")
    try:
        found = base64.b64decode(said, validate=True)
    except binascii.Error:
        found = b"?"
    if said and len(found) != 32:
        raise Misconfigured(f"{PEPPER} must be base64 of 32 bytes, the same as the services have")
    if not said:
        print(f"{PEPPER} is not set: services that have one refuse this key", file=sys.stderr)
    return found


def connected(url: str, work: Callable[[Any], Awaitable[T]]) -> T:
    """Do `work` with a connection. Exits with 2 where no URL is given; raises DatabaseAway, Misconfigured."""
    import asyncpg

    from crosstie.runtime import reachable
    from crosstie.runtime.usable import usable

    need({DATABASE: url})

    async def done() -> T:
        await reachable.postgres(url)
        with usable(f"PostgreSQL at {reachable.postgres_address(url)}"):
            connection = await asyncpg.connect(url, timeout=10)
            try:
                return await work(connection)
            finally:
                await connection.close()

    return completed(done())


def print_key(key: Key) -> None:
    """The one time that it is shown."""
    print(f"key          {key}")
    print("keep the key: it is not stored and cannot be shown again", file=sys.stderr)


def _shown(key: dict[str, Any]) -> dict[str, Any]:
    until = key["expires_at"]
    return key | {
        "created_at": key["created_at"].isoformat(),
        "expires_at": None if until is None else until.isoformat(),
        "expired": until is not None and until <= datetime.now(UTC),
    }
