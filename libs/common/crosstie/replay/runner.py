"""The clean fold: the log played again from its first record, outside any service.

What profile set aside is part of the input: a quarantined (partition, offset) is passed over. A
payload whose key is gone is redacted and folds to nothing, as it does for the live service.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from crosstie.errors import Rejected
from crosstie.logrecord import Head, head_of, opened
from crosstie.network.dedupe import Seen, Verdict, judge
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED, fold
from crosstie.network.state import Row
from crosstie.replay.sources import Record, Tape


class Outcome(Enum):
    """What became of one record."""

    NEW = "folded"
    KNOWN = "duplicates"
    QUARANTINED = "quarantined"
    REFUSED = "refused"  # the fold refuses it, and it is not in quarantine


@dataclass(frozen=True, slots=True)
class Played:
    """One record and what became of it; `head` None where not even that could be read."""

    record: Record
    head: Head | None
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Where the log says that a person is erased; `timestamp` in milliseconds."""

    subject: str
    partition: int
    offset: int
    timestamp: int


@dataclass(slots=True)
class Partition:
    """What the fold knows of one partition."""

    next_offset: int = 0
    watermark: int = 0
    seen: dict[bytes, Seen] = field(default_factory=dict)


Watcher = Callable[[Played], None]
Before = dict[str, Row | None]  # rows as they were, by key


class Replay:
    """Rows of members and ties after the records played so far."""

    def __init__(
        self,
        keys: Mapping[str, bytes],
        quarantined: Collection[tuple[int, int]] = (),
        watchers: Iterable[Watcher] = (),
    ) -> None:
        self.rows: dict[str, Row] = {}
        self.home: dict[str, int] = {}  # key -> partition
        self.partitions: dict[int, Partition] = {}
        self.erasures: dict[str, Erasure] = {}
        self.redacted: set[str] = set()  # subjects with redacted payloads and no erasure so far
        self._keys = keys
        self._quarantined = frozenset(quarantined)
        self._watchers = tuple(watchers)

    @property
    def offsets(self) -> tuple[int, ...]:
        """The vector that this state reflects."""
        return tuple(self.partitions[p].next_offset for p in sorted(self.partitions))

    def play(self, records: Iterable[Record], before: Before | None = None) -> None:
        """Fold records, each partition in order; `before` gains the old rows of keys that change."""
        for record in records:
            played = self._play(record, {} if before is None else before)
            for watch in self._watchers:
                watch(played)

    async def advance(self, tape: Tape, ends: Mapping[int, int]) -> Before:
        """Play what lies before `ends`; the keys that changed on the way, with their rows before."""
        before: Before = {}
        for partition, end in ends.items():
            async for records in tape.upto(partition, end):
                self.play(records, before)
            here = self.partitions.setdefault(partition, Partition())
            here.next_offset = max(here.next_offset, end)
        return before

    def _play(self, record: Record, before: Before) -> Played:
        here = self.partitions.setdefault(record.partition, Partition())
        here.next_offset = record.offset + 1
        head: Head | None = None
        try:
            head = head_of(record.key, record.value, record.headers)
            if (record.partition, record.offset) in self._quarantined:
                return Played(record, head, Outcome.QUARANTINED)
            event = opened(head, self._keys)
            judged = judge((event,), here.seen, here.watermark)
            if judged.verdicts == (Verdict.FORGED,):
                raise Rejected("/id", head.id, "an id of its own", "it is known with another body")
        except Rejected as refusal:
            quarantined = (record.partition, record.offset) in self._quarantined
            return Played(
                record, head, Outcome.QUARANTINED if quarantined else Outcome.REFUSED, str(refusal)
            )
        if judged.verdicts == (Verdict.KNOWN,):
            return Played(record, head, Outcome.KNOWN)
        here.seen.update(judged.remember)
        here.watermark = judged.watermark
        self._note_erasure(head, record, redacted=event.data is None)
        self._fold(event, record.partition, before)
        return Played(record, head, Outcome.NEW)

    def _fold(self, event: Event, partition: int, before: Before) -> None:
        if event.type != ERASED and event.key.removeprefix("member/") in self.erasures:
            return  # redacted, whether or not its key is gone
        row = self.rows.get(event.key)
        after = fold(row, event)
        if after == row:
            return
        before.setdefault(event.key, row)
        self.home[event.key] = partition
        if after is None:
            del self.rows[event.key]
        else:
            self.rows[event.key] = after

    def _note_erasure(self, head: Head, record: Record, *, redacted: bool) -> None:
        subject = head.key.removeprefix("member/")
        if head.type == ERASED:
            self.erasures.setdefault(
                subject, Erasure(subject, record.partition, record.offset, record.timestamp)
            )
            self.redacted.discard(subject)
        elif redacted and subject not in self.erasures:
            self.redacted.add(subject)
