"""Options and progress that `send` and `simulate --send` share."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn

from crosstie.cli.needed import API_KEY, URL, need
from crosstie.cli.shared import brokers_at, platform_topic
from crosstie.errors import CrosstieError, shown

if TYPE_CHECKING:
    from crosstie.brokers import Brokers

_CHUNK = 1_000

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
AsJson = Annotated[bool, typer.Option("--json", help="The outcome as one JSON object.")]


def one_way(context: typer.Context) -> None:
    """Raises BadParameter where both ways are asked for: over HTTP, and to an inbox.

    What stands in the environment is there for other commands too, and is never refused.
    """
    if context.params["platform"] is None:
        return
    for name in ("url", "key"):
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(
                f"--{name} sends over HTTP and --platform to an inbox in Kafka: give one of them"
            )


@dataclass(frozen=True, slots=True)
class Doorway:
    """Where events go: to the inbox of a platform where one is named, otherwise over HTTP."""

    url: str | None
    key: str | None
    platform: str | None
    bootstrap: str | None
    prefix: str

    def for_http(self) -> tuple[str, str]:
        """URL and API key. Exits with 2 where one is not given."""
        need(
            {URL: self.url, API_KEY: self.key},
            "or say --platform NAME to send to an inbox in Kafka",
        )
        return self.url or "", self.key or ""

    def for_inbox(self) -> tuple[Brokers, str]:
        """Kafka and the platform. Exits with 2 where one is not given; raises Misconfigured."""
        if self.platform is None:
            raise typer.BadParameter("an inbox needs --platform: whose is it?")
        return brokers_at(self.bootstrap or ""), self.platform


@dataclass(slots=True)
class Outcome:
    """What became of events so far, whatever happens next."""

    taken: int = 0  # accepted over HTTP; sent to an inbox, which answers nothing
    rejected: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None  # why not all were sent

    def readable(self, events: Iterable[Any]) -> Iterator[Any]:
        """Events up to the first that cannot be read: what precedes it is still sent."""
        try:
            yield from events
        except (CrosstieError, UnicodeDecodeError) as error:
            self.error = str(error)

    def told(self, doorway: Doorway, *, as_json: bool) -> None:
        over_http = doorway.platform is None
        for each in self.rejected:
            print(f"error: {each['message']}", file=sys.stderr)
        verb = "accepted" if over_http else "sent"
        if self.error is not None:
            so_far = f"; {self.taken} events {verb} before it" if self.taken else ""
            print(f"error: {self.error}{so_far}", file=sys.stderr)
        if as_json:
            answers = {"rejected": self.rejected} if over_http else {}
            error = {} if self.error is None else {"error": self.error}
            print(json.dumps({verb: self.taken} | answers | error))
        elif self.error is not None and not self.taken and not self.rejected:
            return
        elif over_http:
            print(f"{self.taken} events accepted, {len(self.rejected)} rejected")
        else:
            print(f"{self.taken} events sent; the inbox answers later, in `crosstie dlq list`")


async def deliver(
    events: Iterable[Any], doorway: Doorway, *, as_json: bool, in_order: bool = False
) -> None:
    """Send all and tell the outcome; exits with 1 when something was rejected or not sent.

    `in_order`: an erasure goes to an inbox once what precedes it was read from there.
    """
    outcome = Outcome()
    try:
        if doorway.platform is None:
            await _over_http(outcome.readable(events), doorway, outcome)
        else:
            await _to_inbox(outcome.readable(events), doorway, outcome, in_order=in_order)
    except CrosstieError as error:
        outcome.error = str(error)
    except asyncio.CancelledError:
        outcome.error = "interrupted"
        outcome.told(doorway, as_json=as_json)
        raise
    outcome.told(doorway, as_json=as_json)
    if outcome.rejected or outcome.error is not None:
        raise typer.Exit(1)


async def _to_inbox(
    events: Iterable[Any], doorway: Doorway, outcome: Outcome, *, in_order: bool
) -> None:
    from crosstie.client.inbox import inbox
    from crosstie.client.ordered import Ordered
    from crosstie.topics import Topics

    brokers, platform = doorway.for_inbox()
    topic = Topics(doorway.prefix).inbox(platform).name
    await platform_topic(brokers, platform, topic)
    async with inbox(brokers, topic) as box:
        group = f"{doorway.prefix}ingestion"
        to = Ordered(box, brokers, group, topic) if in_order else box
        with _progress() as progress:
            task = progress.add_task(f"to {topic}")
            for chunk in batched(_objects(events, outcome), _CHUNK):
                outcome.taken += await to.send(chunk)
                progress.update(task, completed=outcome.taken)


def _objects(events: Iterable[Any], outcome: Outcome) -> Iterator[Any]:
    """Events up to the first that is no JSON object: a record cannot be made of it."""
    for number, event in enumerate(events):
        if not isinstance(event, dict):
            outcome.error = f"event {number} is {shown(event)}, must be a JSON object"
            return
        yield event


def batched(events: Iterable[Any], most: int) -> Iterator[list[Any]]:
    """Lists of `most` events, the last one shorter."""
    rest = iter(events)
    while chunk := list(islice(rest, most)):
        yield chunk


async def _over_http(events: Iterable[Any], doorway: Doorway, outcome: Outcome) -> None:
    from crosstie.client.chunks import chunks
    from crosstie.client.door import door
    from crosstie.runtime import reachable

    url, key = doorway.for_http()
    await reachable.http(url)
    sent = 0
    async with door(url, key) as open_door:
        with _progress() as progress:
            task = progress.add_task(f"to {url}")
            for chunk in chunks(events):
                refusals = await open_door.send(chunk)
                outcome.taken += len(chunk) - len(refusals)
                outcome.rejected += (each.told(after=sent) for each in refusals)
                sent += len(chunk)
                progress.update(task, completed=sent)


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}: {task.completed} events"),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
