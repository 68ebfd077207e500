"""One batch of the log, from records to what changes: pure, so both stores and all tests share it.

reading = read(partition, records)     what is plain: heads, identities, keys of rows
outcome = fold(reading, known)         `known` is what the store answers about these
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from crosstie.errors import LogGap, Rejected
from crosstie.logrecord import Head, head_of, opened
from crosstie.network.dedupe import Seen, Verdict, identity_of, judge
from crosstie.network.facts import Event
from crosstie.network.fold import ERASED, fold_all
from crosstie.network.state import Row

FORGED = "/id: another body stands under this source and id; send it with an id of its own"
NO_REPLAY = "no replay: it would be refused again; its platform sends it anew with an id of its own"


class Record(Protocol):
    """What we read of a Kafka record; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class Refused(Struct, frozen=True):
    """A record that goes to quarantine, as it came."""

    offset: int
    reason: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Reading(Struct, frozen=True):
    """The plain part of a batch: offsets from `start` up to `end` (exclusive)."""

    partition: int
    start: int
    end: int
    entries: tuple[tuple[Record, Head], ...]
    refused: tuple[Refused, ...]
    identities: tuple[bytes, ...]  # of the entries, what they are remembered by

    @property
    def sealed(self) -> list[str]:
        """Subjects whose data keys open payloads of this batch."""
        return sorted({s for _, head in self.entries if (s := head.sealed_subject) is not None})

    @property
    def keys(self) -> list[str]:
        """Keys of the rows that may change."""
        return sorted({head.key for _, head in self.entries})


class Known(Struct, frozen=True):
    """What the store knows of a batch before it: data keys, identities, rows, greatest event time."""

    data_keys: Mapping[str, bytes]
    seen: Mapping[bytes, Seen]
    rows: Mapping[str, Row | None]
    latest: int


class Outcome(Struct, frozen=True):
    """What one batch changes; a row that is None is erased."""

    start: int
    end: int
    latest: int
    rows: dict[str, Row | None]
    held: frozenset[str]  # keys of `rows` that there was something under
    erased: list[str]  # subjects, whose data keys go
    remember: dict[bytes, Seen]
    renewed: frozenset[bytes]  # identities of `remember` that were known, past their horizon
    refused: tuple[Refused, ...]
    counts: dict[str, int]  # for the log: new, known, redacted


def assert_no_hole(partition: int, records: Sequence[Record]) -> None:
    """Raises LogGap where the log does not hold every offset between the first and the last."""
    first, last = records[0].offset, records[-1].offset
    if last - first + 1 != len(records):
        raise LogGap(
            f"partition {partition} has a hole between {first} and {last}: only ingestion may write "
            "to the log, without transactions; make a new generation of it"
        )


def read(partition: int, records: Sequence[Record], condemned: Mapping[int, str]) -> Reading:
    """The plain part of `records`, which are not empty; `condemned` are offsets known to be bad."""
    entries: list[tuple[Record, Head]] = []
    refused: list[Refused] = []
    for record in records:
        if record.offset in condemned:
            refused.append(_refused(record, condemned[record.offset]))
            continue
        try:
            entries.append((record, head_of(record.key, record.value, record.headers)))
        except Rejected as error:
            refused.append(_refused(record, str(error)))
    start, end = records[0].offset, records[-1].offset + 1
    identities = tuple(identity_of(head.source, head.id) for _, head in entries)
    return Reading(partition, start, end, tuple(entries), tuple(refused), identities)


def fold(reading: Reading, known: Known) -> Outcome:
    """Open, judge and fold the batch, one event at a time in log order."""
    records, events, identities, refused = _opened(reading, known.data_keys)
    judged = judge(events, known.seen, known.latest, identities)
    new = [e for e, v in zip(events, judged.verdicts, strict=True) if v is Verdict.NEW]
    forged = [
        _refused(record, FORGED)
        for record, verdict in zip(records, judged.verdicts, strict=True)
        if verdict is Verdict.FORGED
    ]
    # an erasure leaves a tombstone whether or not there was a row: a rebuild wipes what it inherits
    erasures = [each.key for each in new if each.type == ERASED and each.data is not None]
    rows = dict.fromkeys(erasures) | fold_all(known.rows, new)
    return Outcome(
        start=reading.start,
        end=reading.end,
        latest=judged.watermark,
        rows=rows,
        held=frozenset(rows.keys() & known.rows.keys()),
        erased=[key.removeprefix("member/") for key in erasures],
        remember=judged.remember,
        renewed=frozenset(judged.remember.keys() & known.seen.keys()),
        refused=(*reading.refused, *refused, *forged),
        counts={
            "new": len(new),
            "known": len(events) - len(new) - len(forged),
            "redacted": sum(each.data is None for each in new),
        },
    )


def _opened(
    reading: Reading, data_keys: Mapping[str, bytes]
) -> tuple[list[Record], list[Event], list[bytes], list[Refused]]:
    records: list[Record] = []
    events: list[Event] = []
    identities: list[bytes] = []
    refused: list[Refused] = []
    for (record, head), identity in zip(reading.entries, reading.identities, strict=True):
        try:
            events.append(opened(head, data_keys))
            records.append(record)
            identities.append(identity)
        except Rejected as error:
            refused.append(_refused(record, str(error)))
    return records, events, identities, refused


def _refused(record: Record, reason: str) -> Refused:
    printable = reason.replace("\0", "\\0")  # PostgreSQL's text holds no NUL
    return Refused(record.offset, printable, record.key, record.value, tuple(record.headers))
