"""`crosstie quarantine`: what the fold refused, why, and sending it through again once mended."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from crosstie.cli.shared import completed, settings

AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def register(app: typer.Typer) -> None:
    quarantine = typer.Typer(
        help="Quarantine: logged records that could not be folded, and why.", no_args_is_help=True
    )
    quarantine.command("list")(list_records)
    quarantine.command("replay")(replay)
    app.add_typer(quarantine, name="quarantine")


def list_records(as_json: AsJson = False) -> None:
    """List quarantined records, the reason of each and the command that replays it. No payloads."""
    from services.profile import quarantine

    found = completed(quarantine.set_aside(settings(postgres=True)))
    if as_json:
        fields = ("name", "at", "reason", "kept", "replay")
        print(json.dumps([{name: getattr(each, name) for name in fields} for each in found]))
        return
    for each in found:
        print(f"{each.name}  {each.at}  {each.reason}")
        print(f"    {each.replay if each.kept else 'bytes are gone after 30 days'}")
    print(f"{len(found)} quarantined records", file=sys.stderr)


def replay(
    records: Annotated[
        list[str], typer.Argument(help="<topic>/<partition>/<offset>, as `list` names them.")
    ],
    as_json: AsJson = False,
) -> None:
    """Append the records to the log again, byte for byte; what is still wrong comes back."""
    from services.profile import quarantine

    count = completed(quarantine.replay(settings(kafka=True, postgres=True), records))
    print(json.dumps({"replayed": count}) if as_json else f"{count} replayed")
