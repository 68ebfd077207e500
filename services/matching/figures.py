"""What a round cost and decided: one log line, and metrics."""

from __future__ import annotations

import collections
import time
from dataclasses import dataclass, replace
from typing import get_args

from prometheus_client import Counter, Gauge, Histogram

from crosstie.instants import to_rfc3339
from crosstie.matching.prepared import Prepared
from crosstie.runtime.series import counter
from crosstie.runtime.telemetry import logger
from crosstie.showing import news
from crosstie.suggestions import SuggestionState
from services.matching.decide import Opening
from services.matching.solver import SolverFailed
from services.matching.store import Control
from services.matching.written import Decision

log = logger("matching.rounds")

_FULL = ("true", "false")
ROUNDS = counter(
    "crosstie_rounds", "Rounds committed and recorded; full: true or false", full=_FULL
)
# by what platforms are shown, for they may reach this port: a decline is nobody's to see
CHANGES = counter(
    "crosstie_suggestion_changes",
    "What rounds tell platforms of suggestions: made, accepted, withdrawn, expired, closed",
    shown=get_args(SuggestionState),
)
SECONDS = Histogram(
    "crosstie_round_seconds",
    "From the opening of a round to its commit",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
BASES = counter(
    "crosstie_bases_fitted",
    "Fits of a base by what came of them: new, as before, failed",
    outcome=("new", "as before", "failed"),
)
EMPTY = Counter("crosstie_rounds_passed_over", "Rounds that decided nothing and are not recorded")
STRAYS = Counter(
    "crosstie_network_strays", "Records of network.v1 passed over: profile did not write them"
)
UNSOLVED = counter(
    "crosstie_rounds_unsolved",
    "Rounds for which no assignment was found; full: true or false",
    full=_FULL,
)
HELD = Gauge("crosstie_rounds_held", "1 while rounds are paused or held, and only settle")
AHEAD = Gauge(
    "crosstie_network_ahead",
    "Partitions of network.v1 whose mark has been beyond the log for 15 s or more: no round opens",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A round that is opening: what it decides upon, what operators asked, and since when."""

    opening: Opening
    control: Control
    begun: float  # monotonic seconds
    ready: Prepared  # of the opening's cut
    to_record: bool  # also when it decides nothing

    def settling(self) -> Turn:
        """The same, to settle what happened and no more."""
        opening = replace(self.opening, full=False, settle_only=True)
        return replace(self, opening=opening, to_record=False)


def told(turn: Turn, decision: Decision, read: float, stepped: float, committed: float) -> None:
    """One line per round: what it decided, and where the time went."""
    round = decision.round
    causes = collections.Counter(change.cause for change in round.changes)
    serve = turn.opening.serve
    log.info(
        "round",
        n=round.n,
        full=round.full,
        settle_only=round.settle_only,
        round_at=to_rfc3339(round.at),
        served="everyone" if serve is None else len(serve),
        changes=dict(causes),
        notes=round.notes,
        read_ms=ms(read - turn.begun),
        step_ms=ms(stepped - read),
        commit_ms=ms(committed - stepped),
        publish_ms=ms(time.monotonic() - committed),
        open_to_commit_ms=ms(committed - turn.begun),
        digest=round.digest,
    )
    ROUNDS.labels(str(round.full).lower()).inc()
    SECONDS.observe(committed - turn.begun)
    for change in round.changes:
        if (shown := news(change)) is not None:
            CHANGES.labels(shown).inc()


def unsolved(turn: Turn, why: SolverFailed, rest_seconds: float) -> None:
    """One line per round that could not be decided."""
    full = turn.opening.full
    log.error(
        "round not decided",
        n=turn.opening.n,
        full=full,
        reason=str(why),
        again_after_seconds=rest_seconds,
    )
    UNSOLVED.labels(str(full).lower()).inc()


def ms(seconds: float) -> int:
    """As log lines have them."""
    return int(seconds * 1000)
