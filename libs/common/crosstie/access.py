"""Who may do what in Kafka: the least that works, from the one list of topics.

A user of Kafka for each service and each platform, named after the deployment's prefix. What stands
here is allowed and nothing else: the cluster must refuse whatever no rule allows, as it does unless
`allow.everyone.if.no.acl.found` is set. To read or to write a topic includes to describe it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crosstie.topics import Topics

Operation = Literal["READ", "WRITE", "DESCRIBE"]
Resource = Literal["TOPIC", "GROUP", "TRANSACTIONAL_ID"]


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One thing allowed to one user; `prefixed`: for every name that begins so."""

    user: str
    operation: Operation
    resource: Resource
    name: str
    prefixed: bool = False

    def __str__(self) -> str:
        kind = self.resource.lower().replace("_", " ")
        return f"{self.user} may {self.operation.lower()} {kind} {self.name}{'*' * self.prefixed}"


def of_services(topics: Topics) -> tuple[Rule, ...]:
    """What the three services may do."""
    ingestion, profile, matching = (
        f"{topics.prefix}{name}" for name in ("ingestion", "profile", "matching")
    )
    return (
        Rule(ingestion, "READ", "TOPIC", topics.inbox_prefix, prefixed=True),
        Rule(ingestion, "READ", "GROUP", ingestion),
        Rule(ingestion, "WRITE", "TOPIC", topics.events.name),
        Rule(ingestion, "WRITE", "TOPIC", topics.dlq.name),
        Rule(profile, "READ", "TOPIC", topics.events.name),
        Rule(profile, "READ", "GROUP", profile),
        Rule(profile, "WRITE", "TOPIC", topics.network.name),
        Rule(profile, "WRITE", "TRANSACTIONAL_ID", f"{profile}-", prefixed=True),
        Rule(matching, "DESCRIBE", "TOPIC", topics.events.name),  # how far profile is behind
        Rule(matching, "READ", "TOPIC", topics.network.name),
        Rule(matching, "READ", "TOPIC", topics.rounds.name),
        Rule(matching, "WRITE", "TOPIC", topics.rounds.name),
        Rule(matching, "WRITE", "TOPIC", topics.suggestions_prefix, prefixed=True),
        Rule(matching, "WRITE", "TRANSACTIONAL_ID", matching),
    )


def of_platform(topics: Topics, name: str) -> tuple[Rule, ...]:
    """What a platform may do: write its inbox, read its suggestions, in groups of its own."""
    user = platform_user(topics, name)
    return (
        Rule(user, "WRITE", "TOPIC", topics.inbox(name).name),
        Rule(user, "READ", "TOPIC", topics.suggestions(name).name),
        Rule(user, "READ", "GROUP", f"{user}.", prefixed=True),
    )


def every(topics: Topics, platforms: Iterable[str]) -> tuple[Rule, ...]:
    """Of the services, then of `platforms` in order of name."""
    theirs = (rule for name in sorted(set(platforms)) for rule in of_platform(topics, name))
    return (*of_services(topics), *theirs)


def platform_user(topics: Topics, name: str) -> str:
    """A platform's user; no service is named so, since those names have one part."""
    return f"{topics.prefix}platform.{name}"
