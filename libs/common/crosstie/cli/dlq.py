"""`crosstie dlq`: what was refused on the inboxes, why, and sending it again once mended."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from crosstie.cli.keys import AsJson
from crosstie.cli.topics import Bootstrap, Prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    from crosstie.dlq import Letter
    from crosstie.topics import Topics

Platform = Annotated[str | None, typer.Option(help="Only letters of this platform's inbox.")]


def register(app: typer.Typer) -> None:
    dlq = typer.Typer(
        help="Dead letters: what was refused on the inboxes, and why.", no_args_is_help=True
    )
    dlq.command("list")(list_letters)
    dlq.command("show")(show)
    dlq.command("replay")(replay)
    app.add_typer(dlq, name="dlq")


def list_letters(
    bootstrap: Bootstrap,
    prefix: Prefix = "crosstie.",
    platform: Platform = None,
    as_json: AsJson = False,
) -> None:
    """List dead letters with the reason of each; they are kept for 30 days. No payloads."""
    from crosstie import dlq

    found = _chosen(bootstrap, _topics(prefix), platform, lambda _: True)
    if as_json:
        print(json.dumps([dlq.shown(each) for each in found]))
        return
    for each in found:
        why = each.reason
        print(f"{each.name}  {each.at}  {why.pointer or '/'} is {why.value}, must be {why.limit}")
    print(f"{len(found)} dead letters", file=sys.stderr)


def show(
    letter: Annotated[
        str, typer.Argument(help="<topic>/<partition>/<offset>, as `list` shows it.")
    ],
    bootstrap: Bootstrap,
    prefix: Prefix = "crosstie.",
) -> None:
    """Show one dead letter with its original as JSON; it may hold personal data."""
    from crosstie import dlq

    found = _chosen(bootstrap, _topics(prefix), None, lambda each: each.name == letter)
    if not found:
        raise _unknown(letter)
    print(json.dumps(dlq.shown_in_full(found[0]), indent=2))


def replay(
    bootstrap: Bootstrap,
    letters: Annotated[
        list[str] | None, typer.Argument(help="Letters as `list` names them; none with --all.")
    ] = None,
    prefix: Prefix = "crosstie.",
    platform: Platform = None,
    everything: Annotated[bool, typer.Option("--all", help="Every letter there is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the originals back on their inboxes, byte for byte; what is still wrong comes back."""
    from crosstie.runtime import letters as runtime

    wanted = set(letters or ())
    if bool(wanted) == everything:
        raise typer.BadParameter("name letters, or give --all")
    topics = _topics(prefix)
    found = _chosen(bootstrap, topics, platform, lambda each: everything or each.name in wanted)
    for missing in sorted(wanted - {each.name for each in found}):
        raise _unknown(missing)
    count = asyncio.run(runtime.replay(bootstrap, topics, found))
    print(json.dumps({"replayed": count}) if as_json else f"{count} replayed")


def _chosen(
    bootstrap: str, topics: Topics, platform: str | None, wanted: Callable[[Letter], bool]
) -> list[Letter]:
    from crosstie.runtime import letters, reachable

    topic = None if platform is None else topics.inbox(platform).name

    async def chosen() -> list[Letter]:
        await reachable.kafka(bootstrap)
        every = letters.letters(bootstrap, topics)
        return [each async for each in every if topic in (None, each.topic) and wanted(each)]

    return asyncio.run(chosen())


def _topics(prefix: str) -> Topics:
    from crosstie.topics import Topics

    return Topics(prefix)


def _unknown(letter: str) -> Exception:
    from crosstie.errors import Rejected

    return Rejected(
        "/letter", letter, "a dead letter that is still kept", "see `crosstie dlq list`"
    )
