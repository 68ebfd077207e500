"""`crosstie topics`: the one list of topics, and its creation."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from crosstie.cli.acls import acls, allow_all
from crosstie.cli.options import Bootstrap, Prefix
from crosstie.cli.shared import brokers_at, completed

PlatformNames = Annotated[
    list[str] | None, typer.Argument(help="Names of platforms whose topics are meant too.")
]


def register(app: typer.Typer) -> None:
    topics = typer.Typer(
        help="The topics of a deployment, and who may do what with them.", no_args_is_help=True
    )
    topics.command("list")(list_topics)
    topics.command("create")(create)
    topics.command("acls")(acls)
    app.add_typer(topics, name="topics")


def list_topics(
    platforms: PlatformNames = None,
    prefix: Prefix = "crosstie.",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """List the topics that a deployment has, as the code defines them; asks no broker."""
    from crosstie.topics import Topics

    topics = Topics(prefix).every(platforms or ())
    if as_json:
        print(
            json.dumps(
                [{"name": t.name, "partitions": t.partitions, "config": t.config()} for t in topics]
            )
        )
        return
    width = max(len(topic.name) for topic in topics)
    for topic in topics:
        config = " ".join(f"{name}={value}" for name, value in topic.config().items())
        print(f"{topic.name:<{width}}  {topic.partitions:>3} partitions  {config}")


def create(
    bootstrap: Bootstrap = "",
    platforms: PlatformNames = None,
    prefix: Prefix = "crosstie.",
    acls: Annotated[
        bool, typer.Option("--acls", help="Access rules too, as `crosstie topics acls --create`.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array of names.")] = False,
) -> None:
    """Create the topics that are missing, and give those of an earlier version what they lack.

    What an operator set on a topic is never changed. `crosstie platforms add` creates a platform's
    own topics: naming platforms is for repair.
    """
    from crosstie.runtime import reachable, topic_config
    from crosstie.runtime.admin import create_topics
    from crosstie.topics import Topics

    brokers, topics = brokers_at(bootstrap), Topics(prefix)
    there = completed(reachable.kafka(brokers))
    created = create_topics(brokers, topics.every(platforms or ()))
    inboxes = (each for each in there if each.startswith(topics.inbox_prefix))
    known = topics.every(each.removeprefix(topics.inbox_prefix) for each in inboxes)
    changed = topic_config.complete(brokers, (each for each in known if each.name in there))
    for name, given in changed.items():
        print(name, *(f"{key}={value}" for key, value in given.items()), file=sys.stderr)
    if acls:
        for rule in allow_all(brokers, topics, platforms or ()):
            print(rule, file=sys.stderr)
    print(json.dumps(created) if as_json else "\n".join(created) or "every topic exists already")
