"""A small log, and the tables, network.v1 and rounds that a faultless system makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from crosstie import instants, logrecord, sealing
from crosstie.matching import record as rounds_record
from crosstie.matching.ledger import EMPTY, apply_round
from crosstie.matching.ledger_bytes import stored
from crosstie.matching.model import Change, Round, Suggestion
from crosstie.network.wire import MARK_KEY, Mark, encode
from crosstie.replay.compare import Mirror
from crosstie.replay.history import History
from crosstie.replay.runner import Replay
from crosstie.replay.sources import Record
from crosstie.replay.tables import (
    Head,
    Progress,
    Quarantined,
    Snapshot,
    StoredRow,
    StoredSuggestion,
)

NOON = instants.from_rfc3339("2026-03-02T12:00:00Z")
ANN, BOB, CID, EVE = (name * 4 for name in ("ANNA", "BOBB", "CIDD", "EVEE"))
HOME = {ANN: 0, BOB: 1, CID: 1, EVE: 0}
KEYS = {subject: (subject * 2).encode() for subject in HOME}
TIES = 1  # all ties live in this partition


class World:
    """Writes a log; everything else follows from it."""

    def __init__(self) -> None:
        self.log: dict[int, list[Record]] = {0: [], 1: []}
        self.keys = dict(KEYS)
        self.quarantine: list[Quarantined] = []

    def say(self, verb: str, subject: str, id: str = "", time: int = 0, **said: Any) -> Record:
        """One event about a member, sealed as ingestion does it."""
        return self._append(
            verb, f"member/{subject}", HOME[subject], {"member": subject} | said, id, time
        )

    def between(
        self, verb: str, one: str, other: str, id: str = "", time: int = 0, **said: Any
    ) -> Record:
        """One event about a tie."""
        a, b = sorted((one, other))
        return self._append(verb, f"tie/{a}/{b}", TIES, {"members": [a, b]} | said, id, time)

    def join(self, *subjects: str) -> None:
        """Join, consent, and have time."""
        for subject in subjects:
            self.say("member.joined", subject, consent=True)
            self.say("availability.set", subject, introductions_per_week=2)

    def erase(self, subject: str) -> None:
        """The log says so, and the key is gone."""
        self.say("member.erased", subject)
        del self.keys[subject]

    def set_aside(self, partition: int, offset: int) -> None:
        """Profile quarantined that record."""
        record = self.log[partition][offset]
        at = instants.to_datetime(NOON)
        self.quarantine.append(Quarantined("events.v1", partition, offset, "bad", record.key, at))

    def replay(self, *watchers: Any) -> Replay:
        """The clean fold of the whole log."""
        aside = {(each.partition, each.offset) for each in self.quarantine}
        replay = Replay(self.keys, aside, watchers)
        for records in self.log.values():
            replay.play(records)
        return replay

    @property
    def ends(self) -> dict[int, int]:
        return {partition: len(records) for partition, records in self.log.items()}

    def snapshot(self, rounds: Iterable[Round] = (), **other: Any) -> Snapshot:
        """What a faultless system has in PostgreSQL."""
        replay, history = self.replay(), History(rounds)
        head = Head(history.n, history.rounds[-1].digest, history.n) if history.rounds else Head()
        fields: dict[str, Any] = {
            "partitions": {
                p: Progress(
                    end, end, replay.partitions[p].watermark if p in replay.partitions else 0
                )
                for p, end in self.ends.items()
            },
            "inbox": {p: dict(each.seen) for p, each in replay.partitions.items()},
            "rows": {
                key: StoredRow(replay.home[key], self.ends[replay.home[key]], encode(row))
                for key, row in replay.rows.items()
            },
            "quarantine": tuple(self.quarantine),
            "keys": self.keys,
            "people": {subject: ("staff", subject.lower()) for subject in self.keys},
            "platforms": {"intranet": ("staff",)},
            "head": head,
            "rounds": {each.n: rounds_record.encode(each) for each in history.rounds},
            "ledgers": _memory(history),
            "suggestions": {
                id: StoredSuggestion(
                    each.state, each.seq, each.members, ("intranet",), msgspec.json.encode(each)
                )
                for id, each in history.at(history.n).items()
            },
            "unpublished": frozenset(),
            "policies": {},
            "bases": {},
        }
        return Snapshot(**(fields | other))

    def published(self) -> list[Record]:
        """What a faultless system has in network.v1: each row once, then the mark."""
        replay, found = self.replay(), []
        for p, end in self.ends.items():
            mine = [
                (key, encode(row))
                for key, row in sorted(replay.rows.items())
                if replay.home[key] == p
            ]
            latest = replay.partitions[p].watermark if p in replay.partitions else 0
            mine.append((MARK_KEY, encode(Mark(end, latest))))
            found += [
                Record("network.v1", p, i, 0, key.encode(), value)
                for i, (key, value) in enumerate(mine)
            ]
        return found

    def mirror(self, records: Iterable[Record] | None = None) -> Mirror:
        mirror = Mirror(self.ends)
        mirror.play(self.published() if records is None else records)
        return mirror

    def _append(
        self, verb: str, key: str, partition: int, data: Mapping[str, Any], id: str, time: int
    ) -> Record:
        records = self.log[partition]
        id, time = id or f"{partition}-{len(records)}", time or NOON + len(records)
        type = f"org.crosstie.{verb}.v1"
        sealed = key.startswith("member/") and verb != "member.erased"
        value = msgspec.json.encode(data)
        if sealed:
            value = sealing.seal(value, KEYS[key.removeprefix("member/")], "test", id)
        headers = tuple(logrecord.headers("test", id, type, time, sealed=sealed))
        record = Record(
            "events.v1", partition, len(records), time // 1000, key.encode(), value, headers
        )
        records.append(record)
        return record


def _memory(history: History) -> dict[int, bytes]:
    ledger = EMPTY
    for each in history.rounds:
        ledger = apply_round(ledger, each)
    return {history.n: stored(ledger)} if history.n else {}


def suggestion(id: str = "s1", members: tuple[str, str] = (ANN, BOB), **other: Any) -> Suggestion:
    """An introduction of round 1."""
    fields: dict[str, Any] = {
        "id": id,
        "kind": "introduction",
        "members": members,
        "directions": ("across", "across"),
        "cross_sector": True,
        "round": 1,
        "made_at": NOON,
        "expires_at": NOON + 14 * 86_400_000_000,
    }
    return Suggestion(**(fields | other))


def rounds(*changes: tuple[Change, ...]) -> list[Round]:
    """A chain of rounds, an hour apart."""
    chain: list[Round] = []
    for n, each in enumerate(changes, 1):
        bare = Round(
            n=n,
            at=NOON + n * 3_600_000_000,
            full=True,
            seed=n,
            offsets=(0, 0),
            policy="p",
            base="b",
            code="c",
            fingerprint="f",
            previous=chain[-1].digest if chain else "",
            digest="",
            changes=each,
            delivery={
                change.suggestion.id: ("intranet",) for change in each if change.cause == "made"
            },
        )
        chain.append(rounds_record.chained(bare))
    return chain


def made(*suggestions: Suggestion) -> tuple[Change, ...]:
    return tuple(Change(each, "made") for each in suggestions)
