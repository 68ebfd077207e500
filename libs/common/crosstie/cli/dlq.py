"""`crosstie dlq`: what was refused on the inboxes, why, and sending it again once mended, or giving it up."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from crosstie.cli.keys import AsJson
from crosstie.cli.options import Bootstrap, Prefix
from crosstie.cli.shared import brokers_at, completed

if TYPE_CHECKING:
    from collections.abc import Callable

    from crosstie.brokers import Brokers
    from crosstie.dlq import Letter
    from crosstie.dlq_pile import Pile
    from crosstie.topics import Topics

Platform = Annotated[str | None, typer.Option(help="Only letters of this platform's inbox.")]


def register(app: typer.Typer) -> None:
    dlq = typer.Typer(
        help="Dead letters: what was refused on the inboxes, and why.", no_args_is_help=True
    )
    dlq.command("list")(list_letters)
    dlq.command("show")(show)
    dlq.command("replay")(replay)
    dlq.command("dismiss")(dismiss)
    app.add_typer(dlq, name="dlq")


def list_letters(
    bootstrap: Bootstrap = "",
    prefix: Prefix = "crosstie.",
    platform: Platform = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only those that wait for somebody to mend them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters with the reason of each; they are kept for 30 days. No payloads.

    A letter is `open`, or `replayed`, or `dismissed`, or `refused again`: then there is a newer one
    of the same record, and of a record only the newest is ever open.
    """
    from crosstie.dlq_pile import shown

    found, pile = _letters(brokers_at(bootstrap), _topics(prefix), platform)
    if only_open:
        found = [each for each in found if pile.state(each) == "open"]
    if as_json:
        print(json.dumps([shown(each, pile) for each in found]))
        return
    for each in found:
        why, state = each.reason, pile.state(each)
        print(
            f"{each.name}  {each.at}  {state}{_as(each, pile)}  "
            f"{why.pointer or '/'} is {why.value}, must be {why.limit}"
            f"{''.join(f'; {o.pointer} is {o.value}, must be {o.limit}' for o in why.others)}"
        )
    still = sum(pile.state(each) == "open" for each in found)
    print(f"{len(found)} dead letters, {still} open", file=sys.stderr)


def show(
    letter: Annotated[
        str, typer.Argument(help="<topic>/<partition>/<offset>, as `list` shows it.")
    ],
    bootstrap: Bootstrap = "",
    prefix: Prefix = "crosstie.",
) -> None:
    """Show one dead letter with its original as JSON; it may hold personal data."""
    from crosstie.dlq_pile import shown_in_full

    brokers, topics = brokers_at(bootstrap), _topics(prefix)
    found, pile = _letters(brokers, topics, None, lambda each: each.name == letter)
    if not found:
        raise _unknown(letter)
    print(json.dumps(shown_in_full(found[0], pile), indent=2))


def replay(
    bootstrap: Bootstrap = "",
    letters: Annotated[
        list[str] | None, typer.Argument(help="Letters as `list` names them; none with --all.")
    ] = None,
    prefix: Prefix = "crosstie.",
    platform: Platform = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open letter.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the originals back on their inboxes as they came; what is still wrong comes back.

    Letters that you name are replayed whatever became of them; `--all` passes over those that were
    replayed or dismissed before. What is refused again is a new letter in place of the old one. Exit
    code 1 when one could not be replayed; the others are.
    """
    from crosstie.runtime import letters as runtime

    wanted = set(letters or ())
    if bool(wanted) == everything:
        raise typer.BadParameter("name letters, or give --all")
    brokers, topics = brokers_at(bootstrap), _topics(prefix)
    found, pile = _letters(
        brokers, topics, platform, lambda each: everything or each.name in wanted
    )
    _refuse_unknown(wanted, found)
    chosen = [each for each in found if each.name in wanted or pile.state(each) == "open"]
    done = completed(runtime.replay(brokers, topics, chosen, pile))
    counts = {"replayed": done.count, "passed_over": len(found) - len(chosen)}
    if as_json:
        print(json.dumps(counts | {"left": sorted(done.left)}))
    else:
        print(f"{done.count} replayed, {counts['passed_over']} passed over")
    for name, why in sorted(done.left.items()):
        print(f"error: {name}: {why}", file=sys.stderr)
    if done.left:
        raise typer.Exit(1)


def dismiss(
    letters: Annotated[list[str], typer.Argument(help="Letters as `list` names them.")],
    bootstrap: Bootstrap = "",
    prefix: Prefix = "crosstie.",
    as_json: AsJson = False,
) -> None:
    """Give up letters that nobody can mend: they are open no more, and stay until they age out.

    Of a letter that was refused again, the newest is dismissed; what is not open is passed over. To
    replay a letter by its name takes the dismissal back.
    """
    from crosstie.runtime import letters as runtime

    wanted = set(letters)
    brokers, topics = brokers_at(bootstrap), _topics(prefix)
    found, pile = _letters(brokers, topics, None)
    _refuse_unknown(wanted, found)
    newest = {pile.newest(each) for each in found if each.name in wanted}
    chosen = sorted(e.name for e in found if e.name in newest and pile.state(e) == "open")
    completed(runtime.dismiss(brokers, topics, chosen))
    counts = {"dismissed": len(chosen), "passed_over": len(newest) - len(chosen)}
    told = f"{len(chosen)} dismissed, {counts['passed_over']} passed over"
    print(json.dumps(counts) if as_json else told)


def _letters(
    brokers: Brokers,
    topics: Topics,
    platform: str | None,
    wanted: Callable[[Letter], bool] = lambda _: True,
) -> tuple[list[Letter], Pile]:
    from crosstie.runtime import letters, reachable

    topic = None if platform is None else topics.inbox(platform).name

    async def chosen() -> tuple[list[Letter], Pile]:
        await reachable.kafka(brokers)
        return await letters.letters(
            brokers, topics, lambda each: topic in (None, each.topic) and wanted(each)
        )

    return completed(chosen())


def _as(letter: Letter, pile: Pile) -> str:
    newest = pile.newest(letter)
    return "" if newest == letter.name else f" as {newest}"


def _topics(prefix: str) -> Topics:
    from crosstie.topics import Topics

    return Topics(prefix)


def _refuse_unknown(wanted: set[str], found: list[Letter]) -> None:
    for missing in sorted(wanted - {each.name for each in found}):
        raise _unknown(missing)


def _unknown(letter: str) -> Exception:
    from crosstie.errors import Rejected

    return Rejected(
        "/letter", letter, "a dead letter that is still kept", "see `crosstie dlq list`"
    )
