"""The ledger as the leader holds it in memory, and what the next round has to mind."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import inf

from crosstie.instants import SECOND_US
from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Round
from crosstie.matching.serve import left_over
from services.matching.dues import Dues
from services.matching.store import Head
from services.matching.written import Decision

FIRST_REST_SECONDS = 60.0
LONGEST_REST_SECONDS = 3_600.0


@dataclass
class Leadership:
    """As of round `head.n`, and of looks since that decided nothing and are not recorded."""

    head: Head
    ledger: Ledger
    offsets: tuple[int, ...]  # V of the last round
    dues: Dues
    due: float  # when time alone next frees something
    full_due: float = inf  # when the next full round is; the first is due at once
    left_over: frozenset[str] = frozenset()  # whom rounds that only settled left to the next
    held_back: bool = False  # a look was held since the last that could make suggestions
    recorded: float = field(default_factory=lambda: -inf)  # monotonic seconds, of the last round
    owed: float = inf  # monotonic seconds, when a look that decided nothing is recorded after all
    unsolved: int = 0  # rounds in a row for which no assignment was found
    rest_until: float = -inf  # monotonic seconds: no round like these is tried before
    rest_of_all: bool = False  # one of few was among them

    @classmethod
    def after(cls, head: Head, ledger: Ledger, last: Round | None) -> Leadership:
        """As one finds it when taking over."""
        dues = Dues(ledger)
        return cls(head, ledger, last.offsets if last else (), dues, dues.next_after(ledger.at))

    def follow(self, decision: Decision, full_round_seconds: float) -> None:
        """Go on to the state after `decision`, which is committed."""
        round = decision.round
        if round.settle_only:
            self.left_over |= left_over(self.ledger, round)
        else:
            self.left_over, self.owed, self.rest_of_all = frozenset(), inf, False
        self.head = Head(round.n, round.at, round.digest, self.head.published_n)
        self.ledger, self.offsets = decision.ledger, round.offsets
        self.dues.changed(change.suggestion for change in round.changes)
        self.recorded = time.monotonic()
        self.due = self.dues.next_after(round.at)
        if round.full:
            self.unsolved = 0
            self.full_due = round.at + full_round_seconds * SECOND_US

    def pass_over(self, at: int, empty_round_seconds: float, *, settle_only: bool) -> None:
        """A look decided nothing: the next begins where this one did."""
        if not settle_only:
            self.owed = self.recorded + empty_round_seconds
        self.due = self.dues.next_after(at)

    def rests(self, *, full: bool) -> bool:
        """Whether such a round is not to be tried yet, as the last one found no assignment."""
        return time.monotonic() < self.rest_until and (full or self.rest_of_all)

    def rest(self, *, full: bool) -> float:
        """A round found no assignment: none like it for so many seconds, each time for longer."""
        seconds = min(FIRST_REST_SECONDS * 2.0**self.unsolved, LONGEST_REST_SECONDS)
        self.unsolved, self.rest_of_all = self.unsolved + 1, self.rest_of_all or not full
        self.rest_until, self.held_back = time.monotonic() + seconds, True
        return seconds
