"""The one list of topics: names, partitions, retention, compaction.

Topic creation, AsyncAPI documents, manifests and access rules are derived from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crosstie.errors import Misconfigured

PREFIX = re.compile(r"[a-z0-9-]+\.")
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
FOREVER_MS = -1
MEBIBYTE = 1024 * 1024

LOG_PARTITIONS = 12  # fixed at creation: `network` has as many, and the same keys
KEPT_DAYS = 30  # by the topics that forget
KEPT_MS = KEPT_DAYS * _DAY_MS
SEGMENT_MS = 23 * _HOUR_MS  # of these: Kafka deletes whole segments, and looks every 5 minutes,
GONE_DAYS = KEPT_DAYS + 1  # so that nothing in them gets as old as this
COMPACTION_LAG_MS = 10 * _MINUTE_MS  # a reader that took over half of it asks for the end again


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it is created; `name` carries the deployment's prefix.

    The broker says when a record was written. Whoever sends an old event may give the record the
    event's time: retention would count from then, and take it away before anybody read it.
    """

    name: str
    partitions: int
    retention_ms: int
    cleanup: Literal["delete", "compact"] = "delete"
    max_message_bytes: int = 2 * MEBIBYTE
    compression: Literal["producer", "uncompressed"] = "producer"

    def config(self) -> dict[str, str]:
        """Topic configuration for Kafka's CreateTopics."""
        config = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        if self.compression != "producer":
            config["compression.type"] = self.compression
        if self.cleanup == "compact":
            return config | {
                "min.compaction.lag.ms": str(COMPACTION_LAG_MS),
                "max.compaction.lag.ms": str(7 * _DAY_MS),  # bounds how long an erased row is kept
                "delete.retention.ms": str(_DAY_MS),
            }
        config["retention.ms"] = str(self.retention_ms)
        if self.retention_ms != FOREVER_MS:
            config["segment.ms"] = str(SEGMENT_MS)
        return config


@dataclass(frozen=True, slots=True)
class Topics:
    """All topics of one deployment; `prefix` ends in a separator, by default `crosstie.`."""

    prefix: str = "crosstie."

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise Misconfigured(
                f"topic prefix is {self.prefix!r}: use lower-case letters, digits and hyphens, "
                "then a dot, as in 'crosstie.'"
            )

    @property
    def events(self) -> Topic:
        """The log: every accepted event, kept for ever."""
        return Topic(f"{self.prefix}events.v1", LOG_PARTITIONS, FOREVER_MS)

    @property
    def network(self) -> Topic:
        """Members and ties, newest row per key, and progress marks."""
        return Topic(f"{self.prefix}network.v1", LOG_PARTITIONS, FOREVER_MS, "compact")

    @property
    def rounds(self) -> Topic:
        """What every round read and decided, kept for ever."""
        return Topic(f"{self.prefix}rounds.v1", 1, FOREVER_MS)

    @property
    def dlq(self) -> Topic:
        """What was wrong on an inbox, as it came, with the reason."""
        return Topic(f"{self.prefix}dlq.v1", 3, KEPT_MS, max_message_bytes=4 * MEBIBYTE)

    def inbox(self, platform: str) -> Topic:
        """Where one platform writes its events.

        The broker unpacks what it is sent there: a limit on packed bytes would let a record of 2 MiB
        through that fills the memory of whoever reads it.
        """
        name = f"{self.inbox_prefix}{platform}"
        return Topic(name, 6, KEPT_MS, compression="uncompressed")

    def suggestions(self, platform: str) -> Topic:
        """Where one platform reads what became of its suggestions."""
        return Topic(f"{self.suggestions_prefix}{platform}", 6, KEPT_MS)

    @property
    def inbox_prefix(self) -> str:
        """Every inbox begins so; the rest is the platform's name."""
        return f"{self.prefix}inbox.v1."

    @property
    def suggestions_prefix(self) -> str:
        """What platforms read begins so; the rest is the platform's name."""
        return f"{self.prefix}suggestions.v1."

    @property
    def inbox_pattern(self) -> str:
        """Regular expression that matches every inbox of this deployment and nothing else."""
        return "^" + self.inbox_prefix.replace(".", r"\.") + "[a-z0-9-]+$"

    def partitions(self, name: str) -> int:
        """How many the topic of that name began with. What has a key goes to these, whoever adds more."""
        if name.startswith(self.suggestions_prefix):
            return self.suggestions(name.removeprefix(self.suggestions_prefix)).partitions
        return {each.name: each.partitions for each in self.shared()}[name]

    def shared(self) -> tuple[Topic, ...]:
        """The topics that exist whatever the platforms."""
        return (self.events, self.network, self.rounds, self.dlq)

    def of_platform(self, name: str) -> tuple[Topic, ...]:
        """The topics of one platform."""
        return (self.inbox(name), self.suggestions(name))

    def every(self, platforms: Iterable[str]) -> tuple[Topic, ...]:
        """The shared topics and those of `platforms`, in order of name."""
        return self.shared() + tuple(t for p in sorted(platforms) for t in self.of_platform(p))
