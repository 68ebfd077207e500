"""Ties as columns: 68 bytes each where an object takes a thousand; a tie is made when it is asked for.

People are numbered as they come; a tie's key is both numbers. What only few ties hold (answers, a
block) is kept as bytes beside the columns. Equal mixes of channels are one object.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crosstie.layered import Layered
from crosstie.network.names import BITS, SECOND, Names
from crosstie.network.rows import PackedMembers, Pair, Rows, Ties
from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.strength import Strength
from crosstie.network.wire import decode_row, encode

Column = NDArray[Any]

NEVER = np.iinfo(np.int64).min  # instead of None in columns of times
_MOST = np.iinfo(np.int32).max
_AT_ONCE = 10_000  # rows turned to columns and back at a time


@dataclass(frozen=True, slots=True)
class Columns:
    """One entry per tie, ascending by key."""

    key: Column  # number of a, then of b
    strength: Column  # as of `since`
    since: Column
    first: Column  # NEVER: no contact
    last: Column
    last_met: Column
    by_a: Column
    by_b: Column
    mix: Column  # place of the channels' counts in `Names.mixes`
    blocked: Column
    replied: Column

    def each(self) -> Iterator[Column]:
        """The columns, in their order."""
        return (getattr(self, each.name) for each in fields(self))


_TYPES: Mapping[str, Any] = {
    "strength": np.float64,
    "by_a": np.int32,
    "by_b": np.int32,
    "mix": np.int32,
    "blocked": np.bool_,
    "replied": np.bool_,
}


class PackedTies:
    """Ties by pair, never changed: `merged` makes others."""

    def __init__(self, names: Names, columns: Columns, extra: Mapping[int, bytes]) -> None:
        self.names, self.columns = names, columns
        self._extra = extra  # whole rows, by key, of ties that the columns do not tell in full

    @classmethod
    def empty(cls) -> PackedTies:
        """No ties."""
        return cls(Names(), _columns([]), {})

    def __len__(self) -> int:
        return len(self.columns.key)

    def __iter__(self) -> Iterator[Pair]:
        people = self.names.people
        for start in range(0, len(self), _AT_ONCE):
            for key in self.columns.key[start : start + _AT_ONCE].tolist():
                yield people[key >> BITS], people[key & SECOND]

    def get(self, pair: Pair) -> Tie | None:
        """The tie of `pair`."""
        place = self._place(pair)
        return None if place is None else next(self._made(place, place + 1))

    def has(self, pair: Pair) -> bool:
        """Whether there is a tie of `pair`."""
        return self._place(pair) is not None

    def items(self) -> Iterator[tuple[Pair, Tie]]:
        """Every pair with its tie."""
        for start in range(0, len(self), _AT_ONCE):
            yield from (((tie.a, tie.b), tie) for tie in self._made(start, start + _AT_ONCE))

    @property
    def ends(self) -> tuple[Column, Column]:
        """The numbers of both people of every tie."""
        return self.columns.key >> BITS, self.columns.key & SECOND

    @property
    def started(self) -> tuple[Column, Column]:
        """How many of every tie's contacts each of the two started."""
        by_a, by_b = (each.astype(np.int64) for each in (self.columns.by_a, self.columns.by_b))
        for place in np.flatnonzero((by_a == _MOST) | (by_b == _MOST)).tolist():
            tie = next(self._made(place, place + 1))
            by_a[place], by_b[place] = tie.started_by_a, tie.started_by_b
        return by_a, by_b

    @property
    def times(self) -> Column:
        """How many contacts every tie had, by whichever channel."""
        counts = [sum(mix.values()) for mix in self.names.mixes]
        return np.array(counts, dtype=np.int64)[self.columns.mix]

    def blocked(self) -> Iterator[Pair]:
        """Pairs, one of whom wants no suggestion with the other."""
        people = self.names.people
        for key in self.columns.key[self.columns.blocked].tolist():
            yield people[key >> BITS], people[key & SECOND]

    def replied(self) -> Iterator[Tie]:
        """Ties that hold answers."""
        for key in self.columns.key[self.columns.replied].tolist():
            yield _whole(self._extra[key])

    def merged(self, news: Mapping[Pair, Tie | None]) -> PackedTies:
        """With `news` in place of what was; None removes."""
        names = self.names
        rows, extra = [], dict(self._extra)
        for (one, other), tie in news.items():
            key = names.of_person(one) << BITS | names.of_person(other)
            extra.pop(key, None)
            if tie is None:
                rows.append((key, *_NOTHING))
            else:
                row, odd = _row(key, tie, names)
                rows.append(row)
                if odd:
                    extra[key] = encode(tie)
        rows.sort(key=itemgetter(0))
        new, old = _columns(rows), self.columns
        replaced = np.searchsorted(old.key, new.key)
        replaced = replaced[replaced < len(old.key)]
        replaced = replaced[np.isin(old.key[replaced], new.key)]
        stay = new.mix >= 0
        place = np.searchsorted(np.delete(old.key, replaced), new.key[stay])
        joined = (
            np.insert(np.delete(before, replaced) if len(replaced) else before, place, after[stay])
            for before, after in zip(old.each(), new.each(), strict=True)
        )
        return PackedTies(names, Columns(*joined), extra)

    def _place(self, pair: Pair) -> int | None:
        key, keys = self.names.key(pair), self.columns.key
        if key is None:
            return None
        place = int(np.searchsorted(keys, key))
        return place if place < len(keys) and keys[place] == key else None

    def _made(self, start: int, end: int) -> Iterator[Tie]:
        people, mixes, extra = self.names.people, self.names.mixes, self._extra
        columns = (each[start:end].tolist() for each in self.columns.each())
        for key, value, at, first, last, met, by_a, by_b, mix, _, _ in zip(*columns, strict=True):
            if key in extra:
                yield _whole(extra[key])
                continue
            yield Tie(
                people[key >> BITS],
                people[key & SECOND],
                Strength(value, at),
                mixes[mix],
                by_a,
                by_b,
                None if first == NEVER else first,
                None if last == NEVER else last,
                None if met == NEVER else met,
            )


def packed(rows: Iterable[Row] = ()) -> Rows:
    """These rows, in any order; only some of them are held as objects at a time."""
    found, rest = Rows(Layered(PackedMembers({})), Ties(PackedTies.empty())), iter(rows)
    while some := tuple(islice(rest, _AT_ONCE)):
        found = found.after({_key(row): row for row in some})
    return found


def _key(row: Row) -> str:
    return member_key(row.subject) if isinstance(row, Member) else tie_key(row.a, row.b)


_NOTHING = (0.0, 0, NEVER, NEVER, NEVER, 0, 0, -1, False, False)  # mix -1: to be removed


def _row(key: int, tie: Tie, names: Names) -> tuple[tuple[Any, ...], bool]:
    """A tie's entries, and whether they do not tell all of it."""
    by_a, by_b = min(tie.started_by_a, _MOST), min(tie.started_by_b, _MOST)
    row = (
        key,
        tie.strength.value,
        tie.strength.at,
        NEVER if tie.first is None else tie.first,
        NEVER if tie.last is None else tie.last,
        NEVER if tie.last_met is None else tie.last_met,
        by_a,
        by_b,
        names.of_mix(tie.contacts),
        tie.blocked,
        bool(tie.replies),
    )
    sides = tie.blocked_by_a is not None or tie.blocked_by_b is not None
    large = (by_a, by_b) != (tie.started_by_a, tie.started_by_b)
    return row, bool(tie.replies) or sides or large


def _columns(rows: Iterable[tuple[Any, ...]]) -> Columns:
    rest, names = iter(rows), [each.name for each in fields(Columns)]
    types = [_TYPES.get(name, np.int64) for name in names]
    parts = [[np.empty(0, dtype=each) for each in types]]
    while some := tuple(islice(rest, _AT_ONCE)):
        parts.append(
            [np.array(c, dtype=t) for c, t in zip(zip(*some, strict=True), types, strict=True)]
        )
    return Columns(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _whole(data: bytes) -> Tie:
    tie = decode_row("tie/", data)
    assert isinstance(tie, Tie)
    return tie
