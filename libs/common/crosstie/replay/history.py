"""Rounds as `rounds.v1` has them against the ledger in PostgreSQL. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from crosstie.errors import UNREADABLE
from crosstie.matching import record as rounds_record
from crosstie.matching.ledger import EMPTY, apply_round
from crosstie.matching.ledger_bytes import encode
from crosstie.matching.ledger_bytes import read as ledger_of
from crosstie.matching.model import FINAL, Round, Suggestion
from crosstie.replay.book import Audit, Book
from crosstie.replay.compare import named_difference
from crosstie.replay.sources import Record
from crosstie.replay.tables import Snapshot, StoredSuggestion

_suggestion = msgspec.json.Decoder(Suggestion)


class History:
    """Every round in order, and every suggestion in each of its states."""

    def __init__(self, rounds: Iterable[Round] = ()) -> None:
        self.rounds: list[Round] = []
        self.states: dict[str, dict[int, Suggestion]] = {}  # id -> seq -> suggestion
        self.changed_in: dict[str, dict[int, int]] = {}  # id -> seq -> round
        self.platforms: dict[str, tuple[str, ...]] = {}
        self.recorded_at: dict[int, int] = {}  # n -> Kafka's timestamp of the record or a copy, ms
        self.faults: list[str] = []
        self._digest = ""
        for each in rounds:
            self.take(each)

    @property
    def n(self) -> int:
        """Number of the newest round."""
        return self.rounds[-1].n if self.rounds else 0

    def take(self, round: Round) -> None:
        """The next round; what is wrong with it is kept in `faults`."""
        if round.n != self.n + 1:
            self.faults.append(f"round {round.n} follows round {self.n}")
        if round.previous != self._digest:
            self.faults.append(
                f"round {round.n}: its previous digest is not that of round {self.n}"
            )
        if rounds_record.digest(round) != round.digest:
            self.faults.append(f"round {round.n}: its digest is not of its bytes")
        if self.rounds and round.at < self.rounds[-1].at:
            self.faults.append(f"round {round.n}: earlier than round {self.n}")
        if self.rounds and any(
            now < then for now, then in zip(round.offsets, self.rounds[-1].offsets, strict=False)
        ):
            self.faults.append(
                f"round {round.n}: its offsets go back behind those of round {self.n}"
            )
        for change in round.changes:
            self._change(round, change.suggestion)
        self.platforms.update(round.delivery)
        self.rounds.append(round)
        self._digest = round.digest

    def at(self, n: int) -> dict[str, Suggestion]:
        """The newest state of every suggestion after round n."""
        found = {}
        for id, states in self.states.items():
            known = [seq for seq in states if self.changed_in[id][seq] <= n]
            if known:
                found[id] = states[max(known)]
        return found

    def _change(self, round: Round, suggestion: Suggestion) -> None:
        states = self.states.setdefault(suggestion.id, {})
        if states:
            last = states[max(states)]
            if last.state in FINAL:
                self.faults.append(
                    f"{suggestion.id}: changes in round {round.n}, after its end ({last.state})"
                )
            if suggestion.seq != last.seq + 1:
                self.faults.append(
                    f"{suggestion.id}: seq {suggestion.seq} in round {round.n} follows {last.seq}"
                )
            if _meaning(suggestion) != _meaning(last):
                self.faults.append(
                    f"{suggestion.id}: means another pair or kind in round {round.n}"
                )
        elif suggestion.seq != 1:
            self.faults.append(
                f"{suggestion.id}: begins in round {round.n} with seq {suggestion.seq}"
            )
        states[suggestion.seq] = suggestion
        self.changed_in.setdefault(suggestion.id, {})[suggestion.seq] = round.n


def read(records: Iterable[Record]) -> History:
    """The history that records of `rounds.v1` tell; those that tell none are faults of it."""
    history, kept = History(), list(records)
    for each in kept:
        if (n := rounds_record.number_of(each.key or b"")) == 0:
            history.faults.append(
                f"{each.topic}@{each.offset}: no round; matching did not write it"
            )
        history.recorded_at[n] = each.timestamp
    for round in rounds_record.joined(as_published(kept)):
        history.take(round)
    told = {0, *(each.n for each in history.rounds)}  # 0: named above
    history.faults += (
        f"{each.topic}@{each.offset}: of no whole round"
        for each in kept
        if rounds_record.number_of(each.key or b"") not in told
    )
    return history


def as_published(records: Iterable[Record]) -> Iterator[rounds_record.Record]:
    """Records of `rounds.v1` as matching wrote them."""
    for each in records:
        yield rounds_record.Record(each.key or b"", each.value or b"", each.headers)


def ledger(history: History, snapshot: Snapshot) -> Book:
    """PostgreSQL's ledger is what the rounds say, and the chain of digests is unbroken."""
    audit = Audit(
        "ledger", "replaying rounds.v1 gives the ledger; the chain of digests is unbroken"
    )
    audit.count("rounds", snapshot.head.n)
    for fault in history.faults:
        audit.differs(fault)
    head, by_n = snapshot.head, {each.n: each for each in history.rounds}
    if head.n > history.n:
        audit.differs(f"PostgreSQL is at round {head.n}, rounds.v1 ends at {history.n}")
    elif head.n and by_n[head.n].digest != head.digest:
        audit.differs(f"round {head.n}: the head's digest is not that of rounds.v1")
    for n in range(1, head.n + 1):
        stored = snapshot.rounds.get(n)
        if stored is None:
            audit.differs(f"round {n}: missing in PostgreSQL")
        elif n in by_n and stored != rounds_record.encode(by_n[n]):
            audit.differs(f"round {n}: {named_difference(rounds_record.encode(by_n[n]), stored)}")
    _compare_memory(audit, history, snapshot)
    expected = history.at(head.n)
    audit.count("suggestions", len(expected))
    for id in sorted(expected.keys() | snapshot.suggestions.keys()):
        _compare(audit, id, expected.get(id), snapshot.suggestions.get(id))
    return audit.closed()


def _compare_memory(audit: Audit, history: History, snapshot: Snapshot) -> None:
    """What a start of matching would go on from is what the rounds up to there give."""
    folded = EMPTY
    for round in history.rounds[: max(snapshot.ledgers, default=0)]:
        folded = apply_round(folded, round)
        if (stored := snapshot.ledgers.get(round.n)) is not None:
            audit.count("memories")
            try:
                same = encode(ledger_of(stored)) == encode(folded)
            except UNREADABLE:
                same = False
            if not same:
                audit.differs(f"matching.ledgers {round.n}: not what the rounds up to there give")


def _compare(
    audit: Audit, id: str, expected: Suggestion | None, stored: StoredSuggestion | None
) -> None:
    if expected is None or stored is None:
        audit.differs(
            f"{id}: {'not in rounds.v1' if expected is None else 'missing in PostgreSQL'}"
        )
        return
    columns = (stored.state, stored.seq, sorted(stored.members))
    if columns != (expected.state, expected.seq, sorted(expected.members)):
        audit.differs(
            f"{id}: columns state, seq or members differ; rounds.v1 says {expected.state}, {expected.seq}"
        )
    try:
        same = _suggestion.decode(stored.body) == expected
    except UNREADABLE:
        same = False
    if not same:
        audit.differs(f"{id}: {named_difference(msgspec.json.encode(expected), stored.body)}")


def _meaning(suggestion: Suggestion) -> object:
    return (suggestion.kind, suggestion.members, suggestion.round, suggestion.directions)
