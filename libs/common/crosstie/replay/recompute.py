"""Recorded rounds decided again from the log: the same bytes, or the reason why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from crosstie.errors import CrosstieError
from crosstie.matching import base as bases
from crosstie.matching import policy as policies
from crosstie.matching.fingerprint import code_version, fingerprint
from crosstie.matching.ledger import EMPTY, Ledger, apply_round
from crosstie.matching.model import Change, Round, decided
from crosstie.matching.occasion import Occasion
from crosstie.matching.serve import changed_members, left_over
from crosstie.matching.step import step
from crosstie.network.state import Row
from crosstie.network.view import Network
from crosstie.replay.book import Audit, Book
from crosstie.replay.tables import Snapshot

_TOUCHED = "touched by an erasure"


class Recomputation:
    """Takes every round in order, with the rows at its offsets and those that changed before it."""

    def __init__(self, deployment: str, snapshot: Snapshot, first: int = 1) -> None:
        """Rounds before `first` are only folded into the ledger."""
        self._audit = Audit("rounds", "recomputing the rounds from the log gives the same bytes")
        self._deployment = deployment
        self._snapshot = snapshot
        self._first = first
        self._ledger: Ledger = EMPTY
        self._before: dict[str, Row | None] = {}  # rows as of the last round that made suggestions
        self._left_over: frozenset[str] = frozenset()  # by rounds since, which only settled
        self._elsewhere: Counter[str] = Counter()
        for what in ("recomputed", _TOUCHED, "made elsewhere"):
            self._audit.count(what, 0)

    def take(
        self,
        round: Round,
        rows: Mapping[str, Row],
        before: Mapping[str, Row | None],
        *,
        touched: bool,
    ) -> None:
        """`touched`: somebody was erased since, whose facts the round could still read."""
        self._before = {**before, **self._before}
        if round.n < self._first:
            self._audit.count("not asked for")
        elif touched:
            self._audit.count(_TOUCHED)
        else:
            self._recompute(round, rows)
        if round.settle_only:
            self._left_over |= left_over(self._ledger, round)
        else:
            self._before, self._left_over = {}, frozenset()
        self._ledger = apply_round(self._ledger, round)

    def closed(self) -> Book:
        """The book as it stands."""
        for elsewhere, n in sorted(self._elsewhere.items()):
            self._audit.note(f"{n} rounds differ, and were made {elsewhere}")
        touched, recomputed = (self._audit.counted[each] for each in (_TOUCHED, "recomputed"))
        if touched > recomputed:
            self._audit.note(
                f"{touched} of {touched + recomputed} rounds read somebody who was erased since, so "
                "they cannot be decided again; what is still proved: docs/operators.md"
            )
        return self._audit.closed()

    def _recompute(self, round: Round, rows: Mapping[str, Row]) -> None:
        if lacking := self._lacking(round):
            self._audit.differs(f"round {round.n}: {lacking}")
            return
        try:
            changes, notes = self._step(round, rows)
        except (CrosstieError, KeyError) as error:
            self._audit.differs(
                f"round {round.n}: cannot be recomputed: {type(error).__name__}: {error}"
            )
            return
        self._audit.count("recomputed")
        if decided(changes, notes) == decided(round.changes, round.notes):
            self._audit.count("suggestions", sum(1 for each in changes if each.cause == "made"))
        elif elsewhere := _elsewhere(round):
            self._audit.count("made elsewhere")
            self._elsewhere[elsewhere] += 1
        else:
            self._audit.differs(f"round {round.n}: {_difference(round, changes, notes)}")

    def _lacking(self, round: Round) -> str:
        """Why the round cannot be decided again; empty when it can."""
        kept = self._snapshot
        for what, name, bodies, digest in (
            ("policy", round.policy, kept.policies, policies.digest),
            ("base", round.base, kept.bases, bases.digest),
        ):
            if name not in bodies:
                return f"{what} {name} is not kept"
            if digest(bodies[name]) != name:
                return f"{what} {name} is kept with other bytes"
        return ""

    def _step(
        self, round: Round, rows: Mapping[str, Row]
    ) -> tuple[tuple[Change, ...], dict[str, int]]:
        changed = changed_members(self._before, rows, self._before)
        _, changes, notes = step(
            Network.of(rows),
            self._ledger,
            bases.decode(self._snapshot.bases[round.base]),
            policies.load(self._snapshot.policies[round.policy]),
            Occasion(
                n=round.n,
                at=round.at,
                seed=round.seed,
                deployment=self._deployment,
                policy_digest=round.policy,
                serve=None if round.full else changed | self._left_over,
                settle_only=round.settle_only,
            ),
        )
        return changes, notes


def _elsewhere(round: Round) -> str:
    """How the code and machine that made a round differ from these; empty where they do not."""
    differences = []
    if round.code != code_version():
        differences.append(f"by code {round.code}, this is {code_version()}")
    if round.fingerprint != fingerprint():
        differences.append(f"on {round.fingerprint}, this is {fingerprint()}")
    return "; ".join(differences)


def _difference(round: Round, changes: tuple[Change, ...], notes: Mapping[str, int]) -> str:
    recorded, now = (
        {each.suggestion.id: each for each in some} for some in (round.changes, changes)
    )
    missing, more = len(recorded.keys() - now.keys()), len(now.keys() - recorded.keys())
    other = [id for id in recorded.keys() & now.keys() if recorded[id] != now[id]]
    counts = sorted(
        name
        for name in notes.keys() | round.notes.keys()
        if notes.get(name) != round.notes.get(name)
    )
    return (
        f"recomputed otherwise: {missing} decisions missing, {more} more, {len(other)} other"
        f"{' (' + min(other) + ')' if other else ''}, counts {', '.join(counts) or 'equal'}"
    )
