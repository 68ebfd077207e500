"""All rows of a network by key, small in memory: snapshots that share what did not change.

Most rows are packed: a member as their bytes, ties as columns. What changed lately lies above as it
is; once that is a thirtieth, it is packed too. `after` costs what lies above, not the whole.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Protocol, Self, TypeVar

from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.wire import decode_row, encode

Pair = tuple[str, str]
K = TypeVar("K")
V = TypeVar("V")

_FEWEST, _MOST = 4_096, 400_000  # lie above before they are packed
_REMEMBERED = 4_096  # members made of bytes lately


class Packed(Protocol[K, V]):
    """What lies below."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[K]: ...
    def get(self, key: K) -> V | None: ...
    def has(self, key: K) -> bool: ...
    def items(self) -> Iterable[tuple[K, V]]: ...
    def merged(self, news: Mapping[K, V | None]) -> Packed[K, V]: ...


class PackedPairs(Packed[Pair, Tie], Protocol):
    """Ties that lie below."""

    def replied(self) -> Iterator[Tie]: ...
    def merged(self, news: Mapping[Pair, Tie | None]) -> PackedPairs: ...


class Held(Mapping[K, V]):
    """A plain mapping that lies below: it is changed by nobody any more."""

    def __init__(self, rows: Mapping[K, V]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def __getitem__(self, key: K) -> V:
        return self._rows[key]

    def has(self, key: K) -> bool:
        """Whether there is a row of `key`."""
        return key in self._rows

    def items(self) -> ItemsView[K, V]:
        """Every key with its row."""
        return self._rows.items()

    def merged(self, news: Mapping[K, V | None]) -> Held[K, V]:
        """With `news` in place of what was."""
        rows = dict(self._rows)
        for key, row in news.items():
            if row is None:
                rows.pop(key, None)
            else:
                rows[key] = row
        return Held(rows)


class Layered(Mapping[K, V]):
    """A mapping that is never changed: `after` makes others, which share most of it."""

    def __init__(
        self, packed: Packed[K, V], news: Mapping[K, V | None] | None = None, size: int = 0
    ) -> None:
        self.packed, self.news = packed, news or {}  # None: removed
        self._size = size

    def after(self, changes: Mapping[K, V | None]) -> Self:
        """With `changes` made; None removes."""
        if not changes:
            return self
        size = self._size + sum((row is not None) - (key in self) for key, row in changes.items())
        news = {**self.news, **changes}
        if len(news) <= min(max(len(self.packed) // 30, _FEWEST), _MOST):
            return type(self)(self.packed, news, size)
        return type(self)(self.packed.merged(news), {}, size)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[K]:
        news = self.news
        yield from (key for key in self.packed if key not in news) if news else self.packed
        yield from (key for key, row in news.items() if row is not None)

    def __getitem__(self, key: K) -> V:
        row = self.news[key] if key in self.news else self.packed.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def __contains__(self, key: object) -> bool:
        if key in self.news:
            return self.news[key] is not None  # type: ignore[index]
        return self.packed.has(key)  # type: ignore[arg-type]

    def items(self) -> ItemsView[K, V]:
        """Read in one go, which is faster than one after another."""
        return _Items(self)

    def values(self) -> ValuesView[V]:
        """Read in one go, which is faster than one after another."""
        return _Values(self)

    def pairs(self) -> Iterator[tuple[K, V]]:
        """Every key with its row."""
        news = self.news
        below = self.packed.items()
        yield from (each for each in below if each[0] not in news) if news else below
        yield from ((key, row) for key, row in news.items() if row is not None)


class _Items(ItemsView[K, V]):
    _mapping: Layered[K, V]

    def __iter__(self) -> Iterator[tuple[K, V]]:
        return self._mapping.pairs()


class _Values(ValuesView[V]):
    _mapping: Layered[object, V]

    def __iter__(self) -> Iterator[V]:
        return (row for _, row in self._mapping.pairs())


class Ties(Layered[Pair, Tie]):
    """Ties by pair."""

    packed: PackedPairs

    def replied(self) -> Iterator[Tie]:
        """Ties that hold answers to suggestions."""
        news = self.news
        yield from (tie for tie in self.packed.replied() if (tie.a, tie.b) not in news)
        yield from (tie for tie in news.values() if tie is not None and tie.replies)


class PackedMembers:
    """Members by subject, as their bytes."""

    def __init__(self, rows: Mapping[str, bytes]) -> None:
        self._rows = rows
        self._made: dict[str, Member] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def has(self, subject: str) -> bool:
        """Whether `subject` is known."""
        return subject in self._rows

    def get(self, subject: str) -> Member | None:
        """The row of `subject`."""
        made = self._made.get(subject)
        if made is None and (data := self._rows.get(subject)) is not None:
            if len(self._made) >= _REMEMBERED:
                self._made = {}
            made = self._made[subject] = _member(data)
        return made

    def items(self) -> Iterator[tuple[str, Member]]:
        """Every subject with their row."""
        return ((subject, _member(data)) for subject, data in self._rows.items())

    def merged(self, news: Mapping[str, Member | None]) -> PackedMembers:
        """With `news` in place of what was."""
        rows = dict(self._rows)
        for subject, member in news.items():
            if member is None:
                rows.pop(subject, None)
            else:
                rows[subject] = encode(member)
        return PackedMembers(rows)


def _member(data: bytes) -> Member:
    member = decode_row("member/", data)
    assert isinstance(member, Member)
    return member


class Rows(Mapping[str, Row]):
    """Rows by key; never changed: `after` makes others. `packed.rows` makes the first."""

    def __init__(self, members: Layered[str, Member], ties: Ties) -> None:
        self.members, self.ties = members, ties

    def after(self, changes: Mapping[str, Row | None]) -> Rows:
        """With `changes` made, by key; None removes."""
        members: dict[str, Member | None] = {}
        ties: dict[Pair, Tie | None] = {}
        for key, row in changes.items():
            names = _names(key)
            if len(names) == 1:
                assert not isinstance(row, Tie)
                members[names[0]] = row
            else:
                assert not isinstance(row, Member)
                ties[names[0], names[1]] = row
        return Rows(self.members.after(members), self.ties.after(ties))

    def __len__(self) -> int:
        return len(self.members) + len(self.ties)

    def __iter__(self) -> Iterator[str]:
        yield from map(member_key, self.members)
        yield from (tie_key(a, b) for a, b in self.ties)

    def __getitem__(self, key: str) -> Row:
        names = _names(key)
        if len(names) == 2:
            return self.ties[names[0], names[1]]
        if len(names) == 1:
            return self.members[names[0]]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        names = _names(key) if isinstance(key, str) else []
        if len(names) == 1:
            return names[0] in self.members
        return len(names) == 2 and (names[0], names[1]) in self.ties


def _names(key: str) -> list[str]:
    """The people whom a key names."""
    return key.split("/")[1:]
