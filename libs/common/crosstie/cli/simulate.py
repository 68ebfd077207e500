"""`crosstie simulate`: a made-up locality as a stream of events."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from crosstie.cli import market, modes, sending
from crosstie.cli.shared import completed, platform_topic, run_until_stopped
from crosstie.errors import Misconfigured


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    context: typer.Context,
    members: Annotated[
        int,
        typer.Option(
            "--members",
            "--people",
            help="How many people, 50 to 1000000; with --market, on either side, 2 to 2000.",
        ),
    ] = 500,
    seed: Annotated[int, typer.Option(help="Equal seeds and options give equal bytes.")] = 1,
    days: Annotated[int, typer.Option(help="How many days are told.")] = 28,
    start: Annotated[
        str, typer.Option(help="First day, in the past: the door refuses what has not happened.")
    ] = "2026-01-05",
    contacts_per_day: Annotated[
        float, typer.Option(help="Contacts that one person starts on a working day.")
    ] = 1.2,
    late: Annotated[float, typer.Option(help="Share of events sent late, 0 to 1.")] = 0.0,
    doubled: Annotated[float, typer.Option(help="Share of events sent twice, 0 to 1.")] = 0.0,
    authority: Annotated[str, typer.Option(help="Name space of the people's ids.")] = "locality",
    source: Annotated[
        str, typer.Option(help="CloudEvents source; the platform must own it.")
    ] = "/simulated/locality",
    send: Annotated[
        bool, typer.Option("--send", help="Send the events instead of printing them.")
    ] = False,
    answer: Annotated[
        bool,
        typer.Option(
            "--answer",
            help="Make up no events: answer the suggestions of --platform, until Ctrl-C.",
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(help="With --answer: stop once so many were sent.")
    ] = None,
    pace: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="With --answer: share of the time that people take, half an hour to days; 0: at once.",
        ),
    ] = 1.0,
    as_market: Annotated[
        bool,
        typer.Option(
            "--market",
            help="Make up no events: compare ways of making lists where a popular few are liked by all.",
        ),
    ] = False,
    crowding: Annotated[
        float, typer.Option(help="With --market: share of taste that all have in common, 0 to 1.")
    ] = 0.5,
    popularity: Annotated[
        str, typer.Option(help="With --market: few (one in twenty liked by all) or linear.")
    ] = "few",
    error: Annotated[
        float, typer.Option(help="With --market: how far off estimates of preferences are.")
    ] = 0.1,
    places: Annotated[
        int, typer.Option(help="With --market: length of everyone's list, 1 to 50.")
    ] = 10,
    rounds: Annotated[
        int | None,
        typer.Option(help="With --market: play so many weekly rounds of the locality, 2 to 100."),
    ] = None,
    url: sending.Url = None,
    key: sending.Key = None,
    platform: sending.Platform = None,
    bootstrap: sending.Bootstrap = None,
    prefix: sending.Prefix = "crosstie.",
    as_json: sending.AsJson = False,
) -> None:
    """Make up a health-and-care locality and tell what happens in it, in order of event time.

    Ten sectors, seven levels, professions, organisations and reporting lines; people join, meet,
    need help, offer it, pause, leave, block, are erased; now and then one problem turns up in
    several places. Prints CloudEvents, one a line; with --send they go to a platform's door.

    With --answer, people of the platform react to what is suggested to them, by preferences that
    nobody else knows: accept, decline, ignore, meet, find it useful, end a mentoring.

    With --market, two sides with hidden preferences are shown lists made in several ways, a round's
    among them: expected mutual matches, how evenly people are seen, and who is left without.
    With --rounds the people of the locality answer what weekly rounds suggest, week after week.
    Exit code 1: what rounds promise (time, sectors, growing acceptance) did not hold.
    """
    modes.only_one(context)
    if as_market and rounds is not None:
        market.show_rounds(members, seed, rounds, as_json=as_json)
        return
    if as_market:
        market.show(members, seed, crowding, popularity, error, places, as_json=as_json)
        return
    if answer:
        doorway = sending.Doorway(url, key, platform, bootstrap, prefix)
        run_until_stopped(_answer(doorway, source, seed, limit, pace))
        return
    from crosstie.simulate.scenario import Scenario
    from crosstie.simulate.stream import events, ndjson

    scenario = Scenario(
        members=members,
        seed=seed,
        days=days,
        start=_midnight(start),
        authority=authority,
        source=source,
        contacts_per_day=contacts_per_day,
        late=late,
        doubled=doubled,
    )
    if send:
        sending.one_way(context)
        doorway = sending.Doorway(url, key, platform, bootstrap, prefix)
        completed(sending.deliver(events(scenario), doorway, as_json=as_json, in_order=True))
        return
    for line in ndjson(events(scenario)):
        sys.stdout.buffer.write(line)


async def _answer(
    doorway: sending.Doorway, source: str, seed: int, limit: int | None, pace: float
) -> None:
    from crosstie.client.answering import answer
    from crosstie.client.inbox import inbox
    from crosstie.client.outcome import suggestions
    from crosstie.simulate.reactions import Reactions
    from crosstie.topics import Topics

    brokers, platform = doorway.for_inbox()
    topics, reactions = Topics(doorway.prefix), Reactions(source, seed, pace)
    to, of = topics.inbox(platform).name, topics.suggestions(platform).name
    await platform_topic(brokers, platform, of)
    async with (
        inbox(brokers, to) as box,
        suggestions(brokers, of, from_beginning=True) as reader,
    ):
        console = Console(stderr=True)
        console.print(f"answering {of}; people take their time: see --pace", highlight=False)
        sent = await answer(reader, box, reactions, limit)
    print(f"{sent} answers sent")


def _midnight(day: str) -> int:
    from crosstie import instants

    try:
        return instants.from_rfc3339(f"{datetime.fromisoformat(day).date()}T00:00:00+00:00")
    except ValueError as error:
        raise Misconfigured(f"start is {day!r}, must be a day such as 2026-01-05") from error
