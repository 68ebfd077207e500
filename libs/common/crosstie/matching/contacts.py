"""Ties as columns, kept between rounds: what changed is put in its place, the rest stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain, compress, islice
from typing import Any, Self

import numpy as np

from crosstie.matching.arrays import Bools, Floats, Ints
from crosstie.network.packed import NEVER, PackedTies
from crosstie.network.rows import Ties
from crosstie.network.state import Tie

SPAN = 1 << 31  # more than there are people
_MOST_LATE = 20_000  # ties that changed wait outside of the columns, where nobody reads these
_AT_ONCE = 20_000  # rows turned to columns at a time, while they are near
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """One entry per tie, ascending by key: of people's numbers a < b, a * SPAN + b."""

    key: Ints
    strength: Floats  # as of `since`
    since: Ints  # and last contact
    first: Ints  # contact; 0: none
    contact: Bools
    met: Bools
    last_met: Ints  # 0: never
    by_a: Ints
    by_b: Ints
    contacts: Ints
    blocked: Bools

    @property
    def a(self) -> Ints:
        """The number of the first of the two."""
        return self.key // SPAN

    @property
    def b(self) -> Ints:
        """The number of the second of the two."""
        return self.key % SPAN

    def where(self, mask: Bools) -> Self:
        """Those of `mask`."""
        return type(self)(*(each[mask] for each in self.each()))

    def merged(self, news: Columns, gone: Ints) -> Self:
        """These, with `news` in place of ties of the same key, and without those of keys `gone`."""
        place, known = self._places(news.key)
        out, there = self._places(np.unique(gone))
        out, fresh = out[there], ~known
        at = place[fresh] - np.searchsorted(out, place[fresh])  # once those are out
        merged = []
        for each, new in zip(self.each(), news.each(), strict=True):
            after = each.copy()
            after[place[known]] = new[known]
            after = np.delete(after, out) if len(out) else after
            merged.append(np.insert(after, at, new[fresh]) if len(at) else after)
        return type(self)(*merged)

    def _places(self, keys: Ints) -> tuple[Ints, Bools]:
        """Where each of `keys` is or would be, and whether it is there."""
        place = np.searchsorted(self.key, keys)
        there = place < len(self.key)
        there[there] = self.key[place[there]] == keys[there]
        return place, there

    def each(self) -> Iterable[Any]:
        """The columns, in their order."""
        return (getattr(self, each.name) for each in fields(self))


@dataclass(frozen=True, slots=True)
class Contacts:
    """The ties of a network: `columns` by numbers, which are places in `names`, ascending."""

    names: tuple[str, ...]  # of everyone named in a tie
    number: Mapping[str, int]
    columns: Columns
    late: Mapping[Pair, Tie | None] = field(default_factory=dict)  # not in these yet; None: gone

    @classmethod
    def of(cls, ties: Mapping[Pair, Tie]) -> Contacts:
        """The columns of `ties`."""
        if isinstance(ties, Ties) and isinstance(ties.packed, PackedTies):
            return cls._of_packed(ties.packed).after(ties, ties.news).settled()
        names = tuple(sorted(set(chain.from_iterable(ties))))
        number = {name: i for i, name in enumerate(names)}
        return cls(names, number, columns(ties.values(), number))

    @classmethod
    def _of_packed(cls, ties: PackedTies) -> Contacts:
        """The columns of ties that are columns already: no tie is made."""
        one, other = ties.ends
        named = np.zeros(len(ties.names.people), dtype=np.bool_)
        named[one] = named[other] = True
        names = tuple(sorted(compress(ties.names.people, named.tolist())))
        number = {name: i for i, name in enumerate(names)}
        place = np.array([number.get(name, -1) for name in ties.names.people], dtype=np.int64)
        key = place[one] * SPAN + place[other] if len(one) else one
        del one, other
        order = None if np.all(key[1:] > key[:-1]) else np.argsort(key, kind="stable")
        had, started = ties.columns, ties.started
        contact, met = had.first != NEVER, had.last_met != NEVER
        last_met = np.where(met, had.last_met, 0)
        columns: tuple[Any, ...] = (key, had.strength, had.since, np.where(contact, had.first, 0))
        columns += (contact, met, last_met, *started, ties.times, had.blocked)
        return cls(names, number, Columns(*(_ordered(each, order) for each in columns)))

    def after(self, ties: Mapping[Pair, Tie], touched: Iterable[Pair]) -> Contacts:
        """The columns of `ties`, which differ at most in `touched` from those before."""
        late = {pair: ties.get(pair) for pair in touched}
        if not late:
            return self
        after = replace(self, late={**self.late, **late})
        return after if len(after.late) <= _MOST_LATE else after.settled()

    def settled(self) -> Contacts:
        """The same, with all that is late in the columns: as much work as there are ties."""
        if not self.late:
            return self
        named = (pair for pair, tie in self.late.items() if tie is not None)
        known = self._knowing({name for pair in named for name in pair if name not in self.number})
        number = known.number
        now = {pair: tie for pair, tie in self.late.items() if tie is not None}
        gone = [
            number[a] * SPAN + number[b]
            for a, b in self.late.keys() - now.keys()
            if a in number and b in number
        ]
        news = columns(now.values(), number)
        merged = known.columns.merged(news, np.array(gone, dtype=np.int64))
        return Contacts(known.names, number, merged)

    def _knowing(self, strangers: set[str]) -> Contacts:
        """With numbers for `strangers` too."""
        if not strangers:
            return self
        names = tuple(sorted((*self.names, *strangers)))
        number = {name: i for i, name in enumerate(names)}
        moved = np.array([number[name] for name in self.names], dtype=np.int64)
        old = self.columns
        key = moved[old.a] * SPAN + moved[old.b] if len(moved) else old.key
        _, *values = old.each()
        return Contacts(names, number, Columns(key, *values))

    def around(self, people: Collection[str]) -> frozenset[Pair]:
        """The pairs that some are in, at least those of ties: a look at all of them."""
        whose = frozenset(people)
        theirs = np.zeros(len(self.names), dtype=np.bool_)
        theirs[[self.number[each] for each in whose if each in self.number]] = True
        a, b = self.columns.a, self.columns.b
        which = np.flatnonzero(theirs[a] | theirs[b])
        ends = zip(a[which].tolist(), b[which].tolist(), strict=True)
        early = ((self.names[one], self.names[other]) for one, other in ends)
        return frozenset((*early, *(pair for pair in self.late if not whose.isdisjoint(pair))))

    def between(self, index: Mapping[str, int]) -> tuple[Columns, Ints, Ints]:
        """Ties of the people in `index`, in their order, with the places of both."""
        if self.late:
            return self.settled().between(index)
        place = np.array([index.get(name, -1) for name in self.names], dtype=np.int64)
        if len(place) == 0:
            return self.columns, self.columns.key, self.columns.key
        a, b = place[self.columns.a], place[self.columns.b]
        known = (a >= 0) & (b >= 0)
        if known.all():
            return self.columns, a, b
        return self.columns.where(known), a[known], b[known]


def _ordered(values: Any, order: Ints | None) -> Any:
    return values if order is None else values[order]


def columns(ties: Iterable[Tie], number: Mapping[str, int]) -> Columns:
    """Ties of people with a `number`, which ascend as their subjects do."""
    parts: list[tuple[Any, ...]] = []
    rest = iter(ties)
    while some := tuple(islice(rest, _AT_ONCE)):
        parts.append(_part(some, number))
    joined = [np.concatenate(each) for each in zip(_part((), number), *parts, strict=True)]
    order = np.argsort(joined[0], kind="stable")
    return Columns(*(each[order] for each in joined))


def _part(ties: Sequence[Tie], number: Mapping[str, int]) -> tuple[Any, ...]:
    strengths = [tie.strength for tie in ties]
    last_met = [tie.last_met for tie in ties]
    a = np.array([number[tie.a] for tie in ties], dtype=np.int64)
    b = np.array([number[tie.b] for tie in ties], dtype=np.int64)
    return (
        a * SPAN + b,
        np.array([each.value for each in strengths], dtype=np.float64),
        np.array([each.at for each in strengths], dtype=np.int64),
        np.array([tie.first or 0 for tie in ties], dtype=np.int64),
        np.array([tie.first is not None for tie in ties], dtype=np.bool_),
        np.array([each is not None for each in last_met], dtype=np.bool_),
        np.array([each or 0 for each in last_met], dtype=np.int64),
        np.array([tie.started_by_a for tie in ties], dtype=np.int64),
        np.array([tie.started_by_b for tie in ties], dtype=np.int64),
        np.array([sum(tie.contacts.values()) for tie in ties], dtype=np.int64),
        np.array(
            [
                (tie.blocked_by_a is not None or tie.blocked_by_b is not None) and tie.blocked
                for tie in ties
            ],
            dtype=np.bool_,
        ),
    )
