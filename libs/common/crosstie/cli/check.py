"""`crosstie check`: the books of a running system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Annotated

import typer

from crosstie.cli.shared import completed, settings
from crosstie.errors import Misconfigured

if TYPE_CHECKING:
    from crosstie.replay.book import Book


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    rounds: Annotated[
        int | None, typer.Option(min=0, help="Recompute only the newest so many rounds.")
    ] = None,
    text: Annotated[
        str | None, typer.Option(help="Something an erased person said: it must be nowhere.")
    ] = None,
    acknowledged: Annotated[
        typer.FileText | None,
        typer.Option(help="Events a client was told are accepted: {source, id}, one a line."),
    ] = None,
) -> None:
    """Compare what the system stores and shows with a clean replay of its log.

    Services may go on meanwhile. Exit code 1 when a book is not clean; each difference is named by
    its key, never by what was said.
    """
    from crosstie.replay.books import check as books_of

    told = None if acknowledged is None else list(_identities(acknowledged))
    books = completed(
        books_of(settings(kafka=True, postgres=True), rounds=rounds, text=text, acknowledged=told)
    )
    if as_json:
        print(json.dumps(books.as_json()))
    else:
        print("\n".join(line for book in books.books for line in lines(book)))
    if not books.clean:
        raise typer.Exit(1)


def lines(book: Book) -> Iterator[str]:
    """A book as a person reads it."""
    counts = ", ".join(f"{n} {what}" for what, n in book.counted.items())
    yield f"{'ok   ' if book.ok else 'WRONG'}  {book.name:<12} {book.says} ({counts})"
    yield from (f"         - {each}" for each in book.differences)
    if book.unnamed:
        yield f"         - and {book.unnamed} more"
    yield from (f"         note: {each}" for each in book.notes)


def _identities(file: IO[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            try:
                event = json.loads(line)
                yield event["source"], event["id"]
            except (ValueError, KeyError, TypeError) as error:
                raise Misconfigured(
                    f'line {number} is {line.strip()[:80]}, must be {{"source": ..., "id": ...}}'
                ) from error
