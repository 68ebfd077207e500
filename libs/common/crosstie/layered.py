"""Mappings that are never changed, and cost little to make others of: most of them lies below, shared.

What changed lately lies above as it is; once that is a thirtieth, it is merged with what lies below.
Keys are in the order in which they were changed last.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from typing import Protocol, Self, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_FEWEST, _MOST = 4_096, 400_000  # lie above before they are merged


class Packed(Protocol[K, V]):
    """What lies below."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[K]: ...
    def get(self, key: K) -> V | None: ...
    def has(self, key: K) -> bool: ...
    def items(self) -> Iterable[tuple[K, V]]: ...
    def merged(self, news: Mapping[K, V | None]) -> Packed[K, V]: ...


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

    def __reversed__(self) -> Iterator[K]:
        return reversed(self._rows)  # type: ignore[arg-type]

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
            rows.pop(key, None)
            if row is not None:
                rows[key] = row
        return Held(rows)


class Layered(Mapping[K, V]):
    """`after` makes others, which share most of it."""

    def __init__(
        self, packed: Packed[K, V], news: dict[K, V | None] | None = None, size: int = 0
    ) -> None:
        self.packed = packed
        self.news: dict[K, V | None] = news or {}  # None: removed
        self._size = size

    def after(self, changes: Mapping[K, V | None]) -> Self:
        """With `changes` made; None removes."""
        if not changes:
            return self
        size = self._size + sum((row is not None) - (key in self) for key, row in changes.items())
        news = dict(self.news)
        for key, row in changes.items():
            news.pop(key, None)  # to the end
            news[key] = row
        if len(news) <= min(max(len(self.packed) // 30, _FEWEST), _MOST):
            return type(self)(self.packed, news, size)
        return type(self)(self.packed.merged(news), {}, size)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[K]:
        news = self.news
        yield from (key for key in self.packed if key not in news) if news else self.packed
        yield from (key for key, row in news.items() if row is not None)

    def __reversed__(self) -> Iterator[K]:
        """From the key that was changed last; only where what lies below can be read so."""
        news, below = self.news, self.packed
        yield from (key for key in reversed(news) if news[key] is not None)
        yield from (key for key in reversed(below) if key not in news)  # type: ignore[call-overload]

    def __getitem__(self, key: K) -> V:
        row = self.news[key] if key in self.news else self.packed.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def __contains__(self, key: object) -> bool:
        if key in self.news:
            return self.news[key] is not None
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


def layered(before: Mapping[K, V], changes: Mapping[K, V | None]) -> Layered[K, V]:
    """`before` with `changes` made; None removes."""
    if isinstance(before, Layered):
        return before.after(changes)
    return Layered(Held(before), size=len(before)).after(changes)
