"""`crosstie topics acls`: who may do what in Kafka, and giving the cluster those rules."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from crosstie.cli.options import Prefix
from crosstie.cli.shared import brokers_at, completed
from crosstie.errors import Misconfigured

if TYPE_CHECKING:
    from crosstie.access import Rule
    from crosstie.brokers import Brokers
    from crosstie.topics import Topics


def acls(
    platforms: Annotated[
        list[str] | None, typer.Argument(help="Platforms whose rules are meant too.")
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Add what the cluster lacks; safe to repeat.")
    ] = False,
    bootstrap: Annotated[
        str,
        typer.Option(
            envvar="CROSSTIE_KAFKA_BOOTSTRAP",
            help="With --create: Kafka, host:port[,host:port].",
            show_default=False,
        ),
    ] = "",
    prefix: Prefix = "crosstie.",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List who may do what: the users of the three services, and of the platforms named.

    Asks no broker. With --create, the rules that the cluster lacks are added and listed, also those
    of all platforms that have an inbox; nothing is ever taken away.
    """
    from crosstie import access
    from crosstie.topics import Topics

    topics = Topics(prefix)
    if not create:
        _tell(access.every(topics, platforms or ()), as_json=as_json)
        return
    made = allow_all(brokers_at(bootstrap), topics, platforms or ())
    if made or as_json:
        _tell(made, as_json=as_json)
    else:
        print("every rule is there already")


def allow_all(brokers: Brokers, topics: Topics, platforms: Iterable[str]) -> list[Rule]:
    """Add the rules that the cluster lacks, also of every platform that has an inbox; which those were.

    Raises NoAuthorizer, Misconfigured where we may not, BrokerAway.
    """
    from crosstie import access
    from crosstie.runtime import acls as runtime
    from crosstie.runtime import reachable

    inboxes = (
        each.removeprefix(topics.inbox_prefix)
        for each in completed(reachable.kafka(brokers))
        if each.startswith(topics.inbox_prefix)
    )
    return runtime.allow(brokers, access.every(topics, (*platforms, *inboxes)))


def allow_where_asked(brokers: Brokers, rules: Iterable[Rule]) -> None:
    """Add the rules that a cluster with an authorizer lacks; where we may not, say so and go on."""
    from crosstie.runtime import acls as runtime

    try:
        runtime.allow(brokers, rules)
    except runtime.NoAuthorizer:
        return
    except Misconfigured as error:
        print(f"no access rules were made: {error}", file=sys.stderr)


def _tell(rules: Iterable[Rule], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([dataclasses.asdict(each) for each in rules]))
        return
    for each in rules:
        print(each)
