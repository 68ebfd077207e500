"""What a batch came to: one log line, and metrics."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from crosstie.runtime.series import counter
from crosstie.runtime.telemetry import logger
from services.profile.batch import Outcome

log = logger("profile")

EVENTS = counter(
    "crosstie_profile_events",
    "Records of the log by what became of them: folded, known before, redacted (their key is gone), "
    "quarantined",
    result=("folded", "known", "redacted", "quarantined"),
)
BATCH_SECONDS = Histogram(
    "crosstie_profile_batch_seconds",
    "From a batch read to its commit",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PUBLISH_SECONDS = Histogram(
    "crosstie_profile_publish_seconds",
    "From a commit to its rows in network.v1, retries included",
    buckets=(0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RETRIES = Counter(
    "crosstie_profile_retries", "Attempts that Kafka or PostgreSQL did not answer as they should"
)
BEHIND = Gauge(
    "crosstie_profile_behind",
    "Records of the log that are not folded yet, of each partition of this worker",
    ["partition"],
)
MEMBERS = Gauge(
    "crosstie_profile_members", "People known and not erased, of all workers; counted every 5 min"
)


def folded(partition: int, outcome: Outcome, seconds: float) -> None:
    """A batch that was committed, `seconds` after it was read."""
    log.info(
        "folded",
        partition=partition,
        start=outcome.start,
        end=outcome.end,
        rows=len(outcome.rows),
        refused={each.offset: each.reason for each in outcome.refused},
        **outcome.counts,
    )
    redacted, counts = outcome.counts["redacted"], outcome.counts
    EVENTS.labels("folded").inc(counts["new"] - redacted)
    EVENTS.labels("known").inc(counts["known"])
    EVENTS.labels("redacted").inc(redacted)
    EVENTS.labels("quarantined").inc(len(outcome.refused))
    BATCH_SECONDS.observe(seconds)


def behind(reached: Mapping[int, int], ends: Mapping[int, int]) -> None:
    """How far the partitions at work are, and where they end; those of others are not ours to tell."""
    BEHIND.clear()
    for partition, end in ends.items():
        if partition in reached:
            BEHIND.labels(str(partition)).set(max(0, end - reached[partition]))
