"""What profile stores and publishes against the clean fold of the log. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from crosstie.errors import UNREADABLE
from crosstie.network.dedupe import HORIZON_US, Seen
from crosstie.network.wire import MARK_KEY, Mark, decode_mark, encode
from crosstie.replay.book import Audit, Book
from crosstie.replay.runner import Outcome, Partition, Played, Replay
from crosstie.replay.sources import Record
from crosstie.replay.tables import Progress, Snapshot, StoredRow


class Refusals:
    """Watches the fold for records that are in no quarantine and cannot be folded."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.outcomes: dict[Outcome, int] = dict.fromkeys(Outcome, 0)

    def __call__(self, played: Played) -> None:
        self.outcomes[played.outcome] += 1
        if played.outcome is Outcome.REFUSED:
            self.refused.append(f"{_at(played.record)}: {played.reason}")


def tables(replay: Replay, seen: Refusals, snapshot: Snapshot, ends: Mapping[int, int]) -> Book:
    """PostgreSQL is what a clean fold up to its own `next_offset`s gives; `ends` is the log's end."""
    audit = Audit("tables", "PostgreSQL equals a clean fold of the log")
    for outcome, n in seen.outcomes.items():
        audit.count(outcome.value, n)
    audit.count("behind", sum(end - _progress(snapshot, p).next_offset for p, end in ends.items()))
    for refused in seen.refused:
        audit.differs(f"{refused}; it should be in profile.quarantine")
    for subject in sorted(replay.redacted):
        audit.differs(
            f"member/{subject}: sealed payloads without a key in the vault, and no erasure in the log"
        )
    for partition in sorted(ends):
        _compare_partition(audit, partition, replay, snapshot, ends[partition])
    _compare_rows(audit, replay, snapshot)
    return audit.closed()


def _compare_partition(
    audit: Audit, partition: int, replay: Replay, snapshot: Snapshot, end: int
) -> None:
    stored = _progress(snapshot, partition)
    if stored.next_offset > end:
        audit.differs(
            f"partition {partition}: next_offset {stored.next_offset} is past the log's end {end}"
        )
    if stored.published_offset > stored.next_offset:
        audit.differs(
            f"partition {partition}: published_offset {stored.published_offset} "
            f"is past next_offset {stored.next_offset}"
        )
    folded = replay.partitions.get(partition, Partition())
    if stored.latest != folded.watermark:
        audit.differs(
            f"partition {partition}: latest is {stored.latest}, the log gives {folded.watermark}"
        )
    remembered = _remembered(folded.seen, folded.watermark)
    kept = _remembered(snapshot.inbox.get(partition, {}), folded.watermark)
    audit.count("identities", len(remembered))
    for name in sorted(remembered.keys() ^ kept.keys()):
        audit.differs(
            f"partition {partition}: identity {name.hex()} is "
            f"{'not remembered' if name in remembered else 'remembered and not in the log'}"
        )
    for name in sorted(remembered.keys() & kept.keys()):
        if remembered[name] != kept[name]:
            audit.differs(
                f"partition {partition}: identity {name.hex()} is remembered with another body or time"
            )


def _remembered(seen: Mapping[bytes, Seen], watermark: int) -> dict[bytes, Seen]:
    """Without what is past the horizon: when that is pruned is nobody's business."""
    return {name: each for name, each in seen.items() if each.watermark >= watermark - HORIZON_US}


def _compare_rows(audit: Audit, replay: Replay, snapshot: Snapshot) -> None:
    audit.count("rows", len(replay.rows))
    for key in sorted(replay.rows.keys() | snapshot.rows.keys()):
        row, stored = replay.rows.get(key), snapshot.rows.get(key)
        if row is None:
            if stored is not None and stored.state is not None:
                audit.differs(f"{key}: stored, but the log gives none")
        elif stored is None or stored.state is None:
            audit.differs(f"{key}: missing in PostgreSQL")
        elif stored.state != encode(row):
            audit.differs(f"{key}: {named_difference(encode(row), stored.state)}")
        elif stored.partition != replay.home[key]:
            audit.differs(
                f"{key}: partition is {stored.partition}, the log has it in {replay.home[key]}"
            )
        elif stored.version > _progress(snapshot, stored.partition).next_offset:
            audit.differs(f"{key}: version {stored.version} is past next_offset")


class Mirror:
    """`network.v1` as a reader has it: newest values at its end, and as of each partition's `until`."""

    def __init__(self, until: Mapping[int, int]) -> None:
        self.marks: dict[int, Mark] = {}  # the newest
        self.newest: dict[str, bytes] = {}
        self.cut_marks: dict[int, Mark] = {}  # the newest not past `until`
        self.cut: dict[str, bytes] = {}
        self.records = 0
        self.home: dict[str, int] = {}
        self.strays: list[str] = []
        self._until = until
        self._pending: dict[int, dict[str, bytes | None]] = {}

    def play(self, records: Iterable[Record]) -> None:
        """Take records of one partition, in order."""
        for record in records:
            self.records += 1
            key = (record.key or b"").decode(errors="replace")
            if key == MARK_KEY:
                self._mark(record)
                continue
            if not key.startswith(("member/", "tie/")):
                self._stray(record)
                continue
            if self.home.setdefault(key, record.partition) != record.partition:
                self.strays.append(f"{key}: in partitions {self.home[key]} and {record.partition}")
            _put(self.newest, key, record.value)
            self._pending.setdefault(record.partition, {})[key] = record.value

    def behind(self) -> list[int]:
        """Partitions whose newest mark has not reached `until`."""
        return [p for p, until in self._until.items() if self._end(p) < until]

    def ahead(self) -> list[int]:
        """Partitions whose newest mark is past `until`."""
        return [p for p in self.marks if self._end(p) > self._until.get(p, 0)]

    def skipped(self) -> list[int]:
        """Partitions that have no mark at `until`, but a later one: their cut cannot be known."""
        return [
            p
            for p, until in self._until.items()
            if self._end(p) > until
            and (p not in self.cut_marks or self.cut_marks[p].end < until)
            and until > 0
        ]

    def _end(self, partition: int) -> int:
        return self.marks[partition].end if partition in self.marks else 0

    def _stray(self, record: Record) -> None:
        self.strays.append(f"{_at(record)}: no row and no mark; profile did not write it")

    def _mark(self, record: Record) -> None:
        try:
            mark = decode_mark(record.value or b"")
        except UNREADABLE:
            self._stray(record)
            return
        before = self.marks.get(record.partition)
        if before is not None and mark.end < before.end:
            self.strays.append(f"{_at(record)}: mark {mark.end} after mark {before.end}")
        self.marks[record.partition] = mark
        pending = self._pending.pop(record.partition, {})
        if mark.end <= self._until.get(record.partition, 0):
            self.cut_marks[record.partition] = mark
            for key, value in pending.items():
                _put(self.cut, key, value)


def network(mirror: Mirror, snapshot: Snapshot) -> Book:
    """The newest values of `network.v1` as of PostgreSQL's offsets are PostgreSQL's rows."""
    audit = Audit(
        "network", "the newest value per key of network.v1 equals PostgreSQL, and marks its offsets"
    )
    audit.count("records", mirror.records)
    audit.count("marks", len(mirror.marks))
    audit.count("keys", len(mirror.cut))
    for stray in mirror.strays:
        audit.differs(stray)
    for partition, stored in sorted(snapshot.partitions.items()):
        mark = mirror.cut_marks.get(partition, Mark(0, 0))
        if (mark.end, mark.latest) != (stored.next_offset, stored.latest):
            audit.differs(
                f"partition {partition}: newest mark is ({mark.end}, {mark.latest}), "
                f"PostgreSQL is at ({stored.next_offset}, {stored.latest})"
            )
    for partition in sorted(mirror.marks.keys() - snapshot.partitions.keys()):
        audit.differs(f"partition {partition}: has a mark, and PostgreSQL does not know it")
    stored_rows = {key: row for key, row in snapshot.rows.items() if row.state is not None}
    for key in sorted(mirror.cut.keys() | stored_rows.keys()):
        _compare_value(audit, key, mirror.cut.get(key), stored_rows.get(key))
    return audit.closed()


def _compare_value(audit: Audit, key: str, value: bytes | None, stored: StoredRow | None) -> None:
    if stored is None:
        audit.differs(f"{key}: in network.v1, not in PostgreSQL")
    elif value is None:
        audit.differs(f"{key}: in PostgreSQL, not in network.v1")
    elif stored.state is not None and value != stored.state:
        audit.differs(
            f"{key}: network.v1 against PostgreSQL: {named_difference(stored.state, value)}"
        )


def named_difference(expected: bytes, found: bytes) -> str:
    """Which fields of two JSON objects differ, without their values."""
    try:
        one, other = msgspec.json.decode(expected), msgspec.json.decode(found)
    except UNREADABLE:
        return f"{len(found)} bytes that are no JSON, {len(expected)} expected"
    if not isinstance(one, dict) or not isinstance(other, dict):
        return f"{len(found)} bytes, {len(expected)} expected"
    fields = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    return f"differs in {', '.join(fields)}" if fields else "same values, other bytes"


def _progress(snapshot: Snapshot, partition: int) -> Progress:
    return snapshot.partitions.get(partition, Progress())


def _put(rows: dict[str, bytes], key: str, value: bytes | None) -> None:
    if value is None:
        rows.pop(key, None)
    else:
        rows[key] = value


def _at(record: Record) -> str:
    return f"{record.topic}-{record.partition}@{record.offset}"
