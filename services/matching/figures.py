"""What a round cost and decided: one log line, and metrics."""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

from crosstie.instants import to_rfc3339
from crosstie.runtime.telemetry import logger
from crosstie.showing import news
from services.matching.decide import Opening
from services.matching.store import Control, Decision

log = logger("matching.rounds")

ROUNDS = Counter("crosstie_rounds", "Rounds committed", ["full"])
# by what platforms are shown, for they may reach this port: a decline is nobody's to see
CHANGES = Counter("crosstie_suggestion_changes", "What platforms are told by rounds", ["shown"])
SECONDS = Histogram(
    "crosstie_round_seconds",
    "Opening to commit",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
HELD = Gauge("crosstie_rounds_held", "1 while rounds are paused or held")


@dataclass(frozen=True, slots=True)
class Turn:
    """A round that is opening: what it decides upon, what operators asked, and since when."""

    opening: Opening
    control: Control
    begun: float  # monotonic seconds


def told(turn: Turn, decision: Decision, read: float, stepped: float, committed: float) -> None:
    """One line per round: what it decided, and where the time went."""
    round = decision.round
    causes = collections.Counter(change.cause for change in round.changes)
    changed = turn.opening.cut.changed
    log.info(
        "round",
        n=round.n,
        full=round.full,
        round_at=to_rfc3339(round.at),
        served=len(changed) if changed is not None and not round.full else "everyone",
        changes=dict(causes),
        notes=round.notes,
        read_ms=_ms(read - turn.begun),
        step_ms=_ms(stepped - read),
        commit_ms=_ms(committed - stepped),
        publish_ms=_ms(time.monotonic() - committed),
        open_to_commit_ms=_ms(committed - turn.begun),
        digest=round.digest,
    )
    ROUNDS.labels(str(round.full).lower()).inc()
    SECONDS.observe(committed - turn.begun)
    for change in round.changes:
        if (shown := news(change)) is not None:
            CHANGES.labels(shown).inc()


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
