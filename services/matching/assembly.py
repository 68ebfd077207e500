"""The network put together from `network.v1`: each partition's rows up to its newest mark.

Compaction may have removed a row that an older mark needs, never one that the newest needs; so
rows wait until a mark comes after them, and a cut is right only once the topic was read to its end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from crosstie.errors import UNREADABLE
from crosstie.matching.serve import subjects
from crosstie.network.packed import packed
from crosstie.network.rows import Rows
from crosstie.network.state import Row, key_of, member_key, tie_key
from crosstie.network.told import told_row
from crosstie.network.wire import MARK_KEY, Mark, decode_mark
from services.matching.touched import Touched

_MARK = MARK_KEY.encode()
_ROWS = (b"member/", b"tie/")
_NOTHING = Mark(0, 0)
_UNTOLD = object()
_MOST_TRACKED = 100_000  # keys that changed since the base line: beyond, everyone is served
_MOST_LATE = 50_000  # rows that lie above those packed, while nobody asks for news
KeyValue = tuple[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True)
class Cut:
    """The network at `offsets`, and who changed since the base line; None: nobody knows."""

    offsets: tuple[int, ...]  # V: the end of every partition of the log that the rows reflect
    latest: int  # greatest event time among them, 0 for none
    changed: frozenset[str] | None
    touched: bool = True  # may differ from the last cut
    keys: int = 0  # that differ from the base line


@dataclass(frozen=True, slots=True)
class News:
    """All rows there are, and the keys of those that may differ from when it was asked last."""

    packed: Rows
    late: Mapping[str, Row | None]  # above these; None where one is gone
    keys: frozenset[str] | None  # None: all may

    def rows(self) -> Rows:
        """As they were then; it may take a while, in any thread."""
        return self.packed.after(self.late)


class Assembly:
    """Rows by key as of every partition's newest mark, and what they were at the base line.

    The base line is the cut of the last recorded round that made suggestions: the next one serves
    whoever changed since, however often it was looked at in between.
    """

    def __init__(self, partitions: int) -> None:
        self._packed = packed()
        self._late: dict[str, Row | None] = {}  # above what is packed; None: gone
        self.marks: list[Mark] = [_NOTHING] * partitions
        self._touched = Touched(partitions)
        self._waiting: list[dict[str, Row | None]] = [{} for _ in range(partitions)]
        self._before: dict[str, Row | None] | None = None  # at the base line; None: there is none
        self._since: dict[str, Row | None] | None = None  # at the last cut; None: there was none
        self._news: set[str] | None = None  # None: all of them

    @property
    def rows(self) -> Rows:
        """All of them at this moment."""
        return self._packed.after(self._late)

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
        return self._since is None or bool(self._since)

    def take(self, partition: int, records: Iterable[KeyValue]) -> int:
        """Take in records of one partition, in order; whole up to the newest mark among them.

        How many were passed over: they are no rows and no marks, so profile did not write them.
        """
        waiting, mark, strays = self._waiting[partition], None, 0
        ready: dict[str, Row | None] = {}
        for key, value in records:
            if key == _MARK:
                if (found := _mark(value)) is None:
                    strays += 1
                    continue
                ready |= waiting
                waiting.clear()
                mark = found
            elif key is not None and key.startswith(_ROWS) and key.isascii():
                strays += not _waits(waiting, key.decode(), value)
            else:
                strays += 1
        if mark is not None:
            self._apply(ready)
            self.marks[partition] = mark
            self._touched.came(partition, mark.end, ready)
        return strays

    def about(self, subjects: Collection[str]) -> dict[str, Row]:
        """The rows of these members and of the ties between them."""
        keys = [member_key(each) for each in subjects]
        keys += [tie_key(a, b) for a, b in combinations(sorted(subjects), 2)]
        found = ((key, self._row(key)) for key in keys)
        return {key: row for key, row in found if row is not None}

    def cut(self) -> Cut:
        """The network now, and who changed since the base line."""
        touched, since = self.touched, self._since or {}
        self._since = {}
        if self._before is None:
            return Cut(self.offsets, self.latest, None, touched)
        merged = since | self._before
        self._before = {key: row for key, row in merged.items() if row != self._row(key)}
        if len(self._before) > _MOST_TRACKED:
            self._before = None
            return Cut(self.offsets, self.latest, None, touched)
        changed = frozenset(who for key in self._before for who in subjects(key))
        return Cut(self.offsets, self.latest, changed, touched, len(self._before))

    def touched_since(self, offsets: tuple[int, ...]) -> frozenset[str] | None:
        """Keys of rows that may differ from those of a round at `offsets`; None: any may."""
        return self._touched.since(offsets)

    def draw_line(self) -> None:
        """The last cut is the base line from here on: what it showed was served."""
        self._before = {}

    def untrack(self) -> None:
        """Forget the base line: the next cut cannot tell who changed."""
        self._before = self._since = None

    def news(self) -> News:
        """What changed since this was asked last."""
        news, self._news = self._news, set()
        return News(self._packed, self._late.copy(), None if news is None else frozenset(news))

    def keep(self, news: News, rows: Rows) -> None:
        """`rows`, which are those of `news`, take the place of what was packed; less lies above."""
        if news.packed is self._packed:
            late = self._late.items()
            self._late = {k: row for k, row in late if row is not news.late.get(k, _UNTOLD)}
            self._packed = rows

    def tell_all(self) -> None:
        """What was told is lost: tell everything when asked for news."""
        self._news = None

    def _apply(self, ready: Mapping[str, Row | None]) -> None:
        """Make these the rows."""
        for key, row in ready.items():
            if self._since is not None:
                self._since.setdefault(key, self._row(key))
            if self._news is not None:
                self._news.add(key)
            self._late[key] = row
        if len(self._late) > max(_MOST_LATE, len(self._packed) // 8):
            self._packed, self._late = self._packed.after(self._late), {}

    def _row(self, key: str) -> Row | None:
        return self._late[key] if key in self._late else self._packed.get(key)


def _waits(waiting: dict[str, Row | None], key: str, value: bytes | None) -> bool:
    """Let a row wait for its mark, if it is that row.

    Decoded already here: junk must not take the place of a row that no mark has passed yet. Nor may
    a tombstone remove what it does not name.
    """
    try:
        row = None if value is None else told_row(key, value)
    except UNREADABLE:
        return False
    if key != (_named(key) if row is None else key_of(row)):
        return False
    waiting[key] = row
    return True


def _named(key: str) -> str | None:
    """The key of the member or the tie that `key` names the people of; None where it names neither."""
    names = key.split("/")[1:]
    if not all(names) or names != sorted(set(names)):
        return None
    return member_key(*names) if len(names) == 1 else tie_key(*names) if len(names) == 2 else None


def _mark(value: bytes | None) -> Mark | None:
    """None for what is no mark; a mark is never deleted."""
    try:
        return None if value is None else decode_mark(value)
    except UNREADABLE:
        return None
