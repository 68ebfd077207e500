"""`crosstie send`: events from a file through the door, each with its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Annotated, Any

import typer

from crosstie.cli import sending
from crosstie.cli.shared import completed
from crosstie.errors import Misconfigured


def register(app: typer.Typer) -> None:
    app.command("send")(send)


def send(
    context: typer.Context,
    file: Annotated[
        typer.FileText,
        typer.Argument(help="CloudEvents: one JSON object a line, or one JSON array; - is stdin."),
    ],
    url: sending.Url = None,
    key: sending.Key = None,
    platform: sending.Platform = None,
    bootstrap: sending.Bootstrap = None,
    prefix: sending.Prefix = "crosstie.",
    as_json: sending.AsJson = False,
) -> None:
    """Send CloudEvents to crosstie: over HTTP (--url and --key), or to an inbox (--platform).

    Over HTTP every event is answered, and what is rejected is told with the reason (exit code 1).
    The inbox answers nothing: what is wrong there is in `crosstie dlq list`.
    """
    sending.one_way(context)
    doorway = sending.Doorway(url, key, platform, bootstrap, prefix)
    completed(sending.deliver(_events(file), doorway, as_json=as_json))


def _events(file: IO[str]) -> Iterator[Any]:
    """An array as its elements, otherwise line by line."""
    lines = enumerate(file, 1)
    for number, line in lines:
        if line.lstrip().startswith("[") and number == 1:
            yield from _parsed(line + "".join(rest for _, rest in lines), number)
        elif line.strip():
            yield _parsed(line, number)


def _parsed(text: str, line: int) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Misconfigured(f"line {line} is not JSON: {error}") from error
