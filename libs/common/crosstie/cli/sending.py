"""Options and progress that `send` and `simulate --send` share."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

Url = Annotated[
    str | None, typer.Option(envvar="CROSSTIE_URL", help="Base URL of ingestion, for HTTP.")
]
Key = Annotated[
    str | None, typer.Option(envvar="CROSSTIE_API_KEY", help="The platform's API key, for HTTP.")
]
Platform = Annotated[str | None, typer.Option(help="The platform whose inbox takes the events.")]
Bootstrap = Annotated[
    str | None,
    typer.Option(envvar="CROSSTIE_KAFKA_BOOTSTRAP", help="Kafka of the inbox, host:port[,...]."),
]
Prefix = Annotated[
    str, typer.Option(envvar="CROSSTIE_TOPIC_PREFIX", help="Begins every topic's name.")
]
Outcome = tuple[int, list[dict[str, Any]]]  # accepted, and each rejection
AsJson = Annotated[bool, typer.Option("--json", help="The outcome as one JSON object.")]


@dataclass(frozen=True, slots=True)
class Doorway:
    """Where events go: HTTP when an URL is given, otherwise an inbox."""

    url: str | None
    key: str | None
    platform: str | None
    bootstrap: str | None
    prefix: str

    def for_inbox(self) -> tuple[str, str]:
        """Bootstrap servers and platform. Raises BadParameter where one is not given."""
        if self.bootstrap is None or self.platform is None:
            raise typer.BadParameter(
                "an inbox needs --platform and --bootstrap (or CROSSTIE_KAFKA_BOOTSTRAP)"
            )
        return self.bootstrap, self.platform


async def deliver(events: Iterable[Any], doorway: Doorway, *, as_json: bool) -> None:
    """Send all and tell the outcome; exits with 1 when something was rejected."""
    to = _over_http if doorway.platform is None else _to_inbox
    accepted, rejected = await to(events, doorway)
    for each in rejected:
        print(f"error: {each['message']}", file=sys.stderr)
    if as_json:
        print(json.dumps({"accepted": accepted, "rejected": rejected}))
    else:
        print(f"{accepted} events accepted, {len(rejected)} rejected")
    if rejected:
        raise typer.Exit(1)


async def _to_inbox(events: Iterable[Any], doorway: Doorway) -> Outcome:
    from crosstie.client.inbox import inbox  # noqa: PLC0415  heavy
    from crosstie.topics import Topics  # noqa: PLC0415

    bootstrap, platform = doorway.for_inbox()
    topic = Topics(doorway.prefix).inbox(platform).name
    sent = 0
    async with inbox(bootstrap, topic) as box:
        with _progress() as progress:
            task = progress.add_task(f"to {topic}")
            chunk: list[Any] = []
            for event in events:
                chunk.append(event)
                if len(chunk) == 1_000:
                    sent += await box.send(chunk)
                    chunk = []
                    progress.update(task, completed=sent)
            sent += await box.send(chunk)
    return sent, []


async def _over_http(events: Iterable[Any], doorway: Doorway) -> Outcome:
    from crosstie.client.chunks import chunks  # noqa: PLC0415  heavy
    from crosstie.client.door import door  # noqa: PLC0415

    if doorway.url is None or doorway.key is None:
        raise typer.BadParameter(
            "where to? --url and --key (CROSSTIE_URL, CROSSTIE_API_KEY) for HTTP, "
            "or --platform and --bootstrap for an inbox"
        )
    accepted, sent = 0, 0
    rejected: list[dict[str, Any]] = []
    async with door(doorway.url, doorway.key) as open_door:
        with _progress() as progress:
            task = progress.add_task(f"to {doorway.url}")
            for chunk in chunks(events):
                refusals = await open_door.send(chunk)
                accepted += len(chunk) - len(refusals)
                rejected += (each.told(after=sent) for each in refusals)
                sent += len(chunk)
                progress.update(task, completed=sent)
    return accepted, rejected


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed} events"),
        console=Console(stderr=True),
        transient=True,
    )
