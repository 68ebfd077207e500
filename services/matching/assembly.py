"""The network put together from `network.v1`: each partition's rows up to its newest mark.

Compaction may have removed a row that an older mark needs, never one that the newest needs; so
rows wait until a mark comes after them, and a cut is right only once the topic was read to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import combinations

from crosstie.matching.serve import changed_members
from crosstie.network.state import Row, member_key, tie_key
from crosstie.network.wire import MARK_KEY, Mark, decode_mark, decode_row

_MARK = MARK_KEY.encode()
_NOTHING = Mark(0, 0)
KeyValue = tuple[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Cut:
    """The network at `offsets`, and who changed since the cut before; None: nobody knows."""

    rows: dict[str, Row]
    offsets: tuple[int, ...]  # V: the end of every partition of the log that `rows` reflect
    latest: int  # greatest event time among them, 0 for none
    changed: frozenset[str] | None
    touched: frozenset[str] | None = field(default=None, compare=False)  # keys that may differ


class Assembly:
    """Rows by key as of every partition's newest mark, and what they were at the last cut."""

    def __init__(self, partitions: int) -> None:
        self.rows: dict[str, Row] = {}
        self.marks: list[Mark] = [_NOTHING] * partitions
        self._waiting: list[dict[str, bytes | None]] = [{} for _ in range(partitions)]
        self._before: dict[str, Row | None] | None = None  # by touched key, None: not tracked

    @property
    def offsets(self) -> tuple[int, ...]:
        """V at this moment."""
        return tuple(mark.end for mark in self.marks)

    @property
    def latest(self) -> int:
        """Greatest event time at this moment."""
        return max(mark.latest for mark in self.marks)

    @property
    def touched(self) -> bool:
        """Whether the next cut may differ from the last one."""
        return self._before is None or bool(self._before)

    def take(self, partition: int, records: Iterable[KeyValue]) -> None:
        """Take in records of one partition, in order; whole up to the newest mark among them."""
        waiting, mark = self._waiting[partition], None
        ready: dict[str, bytes | None] = {}
        for key, value in records:
            if key != _MARK:
                waiting[key.decode()] = value
            elif value is not None:
                ready |= waiting
                waiting.clear()
                mark = value
        if mark is not None:
            self._apply(ready)
            self.marks[partition] = decode_mark(mark)

    def about(self, subjects: Collection[str]) -> dict[str, Row]:
        """The rows of these members and of the ties between them."""
        keys = [member_key(each) for each in subjects]
        keys += [tie_key(a, b) for a, b in combinations(sorted(subjects), 2)]
        return {key: self.rows[key] for key in keys if key in self.rows}

    def cut(self) -> Cut:
        """The network now; from here on changes are counted anew."""
        before, self._before = self._before, {}
        changed = None if before is None else changed_members(before, self.rows, before)
        touched = None if before is None else frozenset(before)
        return Cut(dict(self.rows), self.offsets, self.latest, changed, touched)

    def untrack(self) -> None:
        """Forget what the last cut was: the next one cannot tell who changed."""
        self._before = None

    def _apply(self, values: dict[str, bytes | None]) -> None:
        for key, value in values.items():
            old = self.rows.get(key)
            if self._before is not None:
                self._before.setdefault(key, old)
            if value is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = decode_row(key, value)
