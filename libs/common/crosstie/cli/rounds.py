"""`crosstie rounds`: what rounds decided, and how operators steer them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from crosstie.cli.shared import completed, settings
from crosstie.instants import to_rfc3339

AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]
_ID_SHOWN = 8


def register(app: typer.Typer) -> None:
    rounds = typer.Typer(
        help="Rounds: what they decided; pause them, ask for a full one, try one out, restore their log.",
        no_args_is_help=True,
    )
    rounds.command("list")(list_rounds)
    rounds.command("show")(show)
    rounds.command("pause")(pause)
    rounds.command("resume")(resume)
    rounds.command("full")(full)
    rounds.command("dry-run")(dry_run)
    rounds.command("restore")(restore)
    app.add_typer(rounds, name="rounds")


def list_rounds(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Newest so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest rounds and how many decisions of each kind they made."""
    from services.matching import operate

    found = completed(operate.summaries(settings(postgres=True), limit))
    print(json.dumps(found) if as_json else "\n".join(map(_line, found)) or "no round yet")


def show(
    n: Annotated[int, typer.Argument(min=1, help="Number of the round.")], as_json: AsJson = False
) -> None:
    """Show one round with all its decisions."""
    from services.matching import operate

    _print(completed(operate.decisions(settings(postgres=True), n)), as_json=as_json)


def pause(as_json: AsJson = False) -> None:
    """Suggest nobody until `crosstie rounds resume`: rounds only settle what happened."""
    _paused(paused=True, as_json=as_json)


def resume(as_json: AsJson = False) -> None:
    """Open rounds again."""
    _paused(paused=False, as_json=as_json)


def full(as_json: AsJson = False) -> None:
    """Ask for a round that serves everyone, as soon as no pause stands against it."""
    from services.matching import operate

    completed(operate.want_full(settings(postgres=True)))
    _state(as_json=as_json)


def dry_run(
    policy: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Policy file to try instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what a full round would decide now; nothing is stored and nobody is told.

    Counters that stand at nought are shown with --json only.
    """
    from services.matching import app, decide, operate

    chosen = settings(kafka=True, postgres=True)
    rules = app.rules_of(chosen) if policy is None else decide.Rules.of(policy.read_bytes())
    _print(completed(operate.tried(chosen, rules)), as_json=as_json)


def restore(as_json: AsJson = False) -> None:
    """Write what the topic of rounds lacks of those published, byte for byte, as PostgreSQL has them.

    For a topic that was lost and made again, or lacks its last rounds. Nobody may lead meanwhile:
    while a replica of matching does, it is refused. May be repeated.
    """
    from services.matching import restoring

    done = completed(restoring.restored(settings(kafka=True, postgres=True)))
    if as_json:
        print(json.dumps(done._asdict()))
        return
    wrote = (
        f"{done.now - done.before} rounds written"
        if done.now > done.before
        else "nothing was lacking"
    )
    print(f"{wrote}; the topic held {done.before} before, and holds {done.now} now")


def _paused(*, paused: bool, as_json: bool) -> None:
    from services.matching import operate

    completed(operate.pause(settings(postgres=True), paused=paused))
    _state(as_json=as_json)


def _state(*, as_json: bool) -> None:
    from services.matching import operate

    found = completed(operate.state(settings(postgres=True)))
    if as_json:
        print(json.dumps(found))
        return
    owed = found["full_wanted"] > found["full_done"]
    print(
        f"round {found['n']}, published {found['published_n']}; "
        f"{'paused' if found['paused'] else 'running'}{', a full round is owed' if owed else ''}"
    )


def _print(found: dict[str, Any], *, as_json: bool) -> None:
    print(json.dumps(found) if as_json else "\n".join((_line(found), *_lines(found))))


def _line(found: dict[str, Any]) -> str:
    kind = "full" if found["full"] else "changed"
    counts = ", ".join(f"{n} {cause}" for cause, n in found["counts"].items()) or "no decision"
    return f"{found['n']:>6}  {to_rfc3339(found['at'])}  {kind:<7}  {counts}"


def _lines(found: dict[str, Any]) -> Iterator[str]:
    notes = ", ".join(f"{name} {count}" for name, count in found["notes"].items() if count)
    yield f"        policy {found['policy']}  digest {found['digest'][:16]}  {notes}"
    for each in found["decisions"]:
        what = f"{each['suggestion'][:_ID_SHOWN]}  {each['cause']:<10}  {each['kind']:<12}"
        yield f"        {what}  {'/'.join(each['directions']):<13}  {' - '.join(each['members'])}"
