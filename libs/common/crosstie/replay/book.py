"""Books: what was compared, how much of it, and where it differs, in words fit for an operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_NAMED = 10  # differences of one book; the rest is counted


@dataclass(frozen=True, slots=True)
class Book:
    """One comparison; `differences` carry keys and ids, never payloads."""

    name: str
    says: str
    counted: Mapping[str, int]
    differences: tuple[str, ...] = ()
    unnamed: int = 0  # differences beyond the first ten
    notes: tuple[str, ...] = ()  # true, and no fault: deadlines, other versions

    @property
    def ok(self) -> bool:
        """Nothing differs."""
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"ok": self.ok} | asdict(self)


@dataclass(frozen=True, slots=True)
class Books:
    """All comparisons of one moment."""

    books: tuple[Book, ...]

    @property
    def clean(self) -> bool:
        """Every book is."""
        return all(book.ok for book in self.books)

    def named(self, name: str) -> Book:
        """The book of that name. Raises KeyError."""
        return {book.name: book for book in self.books}[name]

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"clean": self.clean, "books": [book.as_json() for book in self.books]}


@dataclass(slots=True)
class Audit:
    """A book being written."""

    name: str
    says: str
    counted: Counter[str] = field(default_factory=Counter)
    _differences: list[str] = field(default_factory=list)
    _unnamed: int = 0
    _notes: list[str] = field(default_factory=list)

    def count(self, what: str, n: int = 1) -> None:
        """That much more of `what` was looked at; counted even when it is none."""
        self.counted[what] += n

    def differs(self, what: str) -> None:
        """Something is not as it must be."""
        if len(self._differences) < MOST_NAMED:
            self._differences.append(what)
        else:
            self._unnamed += 1

    def note(self, what: str) -> None:
        """Something an operator should know, and no fault; said once."""
        if what not in self._notes:
            self._notes.append(what)

    def closed(self) -> Book:
        """The book as it stands."""
        return Book(
            self.name,
            self.says,
            dict(self.counted),
            tuple(self._differences),
            self._unnamed,
            tuple(self._notes),
        )
