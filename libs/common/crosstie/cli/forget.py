"""`crosstie forget`: erase one person."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from crosstie.cli.shared import completed, settings
from crosstie.errors import Misconfigured


def register(app: typer.Typer) -> None:
    app.command("forget")(forget)


def forget(
    authority: Annotated[str, typer.Argument(help="Name space of the person's id.")],
    id: Annotated[str, typer.Argument(help="The person's id as their platform writes it.")],
    wait: Annotated[
        float, typer.Option(help="Seconds to wait until profile has folded the erasure.")
    ] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase a person, wait until it is done, and list what still holds data, and until when.

    The same as `org.crosstie.member.erased.v1` from their platform. What is said about them later
    begins a new person. Exit code 1 when nobody was ever known by that name, or when the erasure is
    accepted, but not done in time; 0 when it is repeated.
    """
    from pydantic import ValidationError

    from crosstie import instants
    from crosstie.events import Person
    from crosstie.replay.forgetting import forget as erase

    try:
        person = Person(authority=authority, id=id)
    except ValidationError as error:
        raise Misconfigured(f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}") from error
    done = completed(erase(settings(kafka=True, postgres=True), person, wait))
    if as_json:
        holders = [{"place": h.place, "until": instants.to_rfc3339(h.until)} for h in done.holders]
        said = {"subjects": done.subjects, "done": done.done, "erased_before": done.before}
        print(json.dumps(said | {"still_held": holders}))
    elif not done.subjects and done.before:
        print(f"nobody is known as {authority}/{id} any more: an erasure was asked for before")
    elif done.subjects:
        print(f"{authority}/{id} was {', '.join(done.subjects)}; may still be in")
        print("\n".join(f"  {holder}" for holder in done.holders))
    if not done.subjects and not done.before:
        print(
            f"error: nobody is known as {authority}/{id}: check the authority and the id; "
            "what is dated before now is refused for this name all the same",
            file=sys.stderr,
        )
        raise typer.Exit(1)
    if not done.done:
        print(
            "error: accepted, but profile has not folded it yet; see `crosstie check`",
            file=sys.stderr,
        )
        raise typer.Exit(1)
