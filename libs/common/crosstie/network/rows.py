"""All rows of a network by key, small in memory: snapshots that share what did not change.

Most rows are packed: a member as their bytes, ties as columns. What changed lately lies above as it
is; once that is a thirtieth, it is packed too. `after` costs what lies above, not the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from crosstie.layered import Layered, Packed
from crosstie.network.state import Member, Row, Tie, member_key, tie_key
from crosstie.network.wire import decode_row, encode

Pair = tuple[str, str]

_REMEMBERED = 4_096  # members made of bytes lately


class PackedPairs(Packed[Pair, Tie], Protocol):
    """Ties that lie below."""

    def blocked(self) -> Iterator[Pair]: ...
    def replied(self) -> Iterator[Tie]: ...
    def merged(self, news: Mapping[Pair, Tie | None]) -> PackedPairs: ...


class Ties(Layered[Pair, Tie]):
    """Ties by pair."""

    packed: PackedPairs

    def blocked(self) -> Iterator[Pair]:
        """Pairs, one of whom wants no suggestion with the other."""
        news = self.news
        yield from (pair for pair in self.packed.blocked() if pair not in news)
        yield from (pair for pair, tie in news.items() if tie is not None and tie.blocked)

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
