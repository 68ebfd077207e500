"""What a command cannot do without, by option or environment: one answer, which names all that lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NoReturn

import typer

BOOTSTRAP = "CROSSTIE_KAFKA_BOOTSTRAP"
DATABASE = "CROSSTIE_DATABASE_URL"
URL = "CROSSTIE_URL"
API_KEY = "CROSSTIE_API_KEY"
_OPTIONS = {BOOTSTRAP: "--bootstrap", DATABASE: "--database", URL: "--url", API_KEY: "--key"}
_CLIENTS = {  # what no service reads
    URL: (
        "Base URL of ingestion, INGESTION of what `crosstie up` prints.",
        "http://127.0.0.1:8080",
    ),
    API_KEY: ("The platform's API key, which `crosstie platforms add` showed once.", "ctk_…"),
}


def need(given: dict[str, str | None], *hints: str) -> None:
    """Exits with 2 unless every variable of `given` has a value, naming those that have none."""
    if lacking := [name for name, value in given.items() if not value]:
        refuse([_not_set(name) for name in lacking], *hints)


def refuse(reasons: Iterable[str], *hints: str) -> NoReturn:
    """Say all of it, and where to look; exit code 2."""
    from crosstie.settings_faults import SEE

    for reason in reasons:
        print(f"error: {reason}", file=sys.stderr)
    print("\n".join((*hints, SEE)), file=sys.stderr)
    raise typer.Exit(2)


def _not_set(name: str) -> str:
    from crosstie.settings import Settings
    from crosstie.settings_faults import not_set, of_setting

    if name in _CLIENTS:
        return not_set(name, *_CLIENTS[name], option=_OPTIONS[name])
    field = name.removeprefix("CROSSTIE_").lower()
    return of_setting(Settings, field, _OPTIONS[name])
