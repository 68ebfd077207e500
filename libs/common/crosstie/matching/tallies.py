"""What a round counts of a ledger, by member and as arrays, kept from one ledger to the next.

Whoever is in a suggestion has a number; these only grow. Times ascend, so that a span is a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple, Self

import numpy as np

from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.holdings import Step
from crosstie.matching.model import Suggestion

Pair = tuple[str, str]
INTRODUCTIONS, MENTEES, MENTORS, LIVE = range(4)  # rows of `held`
CROSSING, CLIMBING, LEVEL, ALL = range(4)  # of `standing`
_MOST_COUNTS = 32
_LAST = np.iinfo(np.int64).max


class Times(NamedTuple):
    """Who was suggested somebody, or which pair (one after the other), and when, ascending."""

    who: Ints
    when: Ints

    def between(self, after: int, until: int = _LAST) -> Ints:
        """Who, once for each time later than `after` and not later than `until`."""
        first, last = np.searchsorted(self.when, (after, until), side="right")
        return self.who[first:last]

    def since(self, after: int) -> Times:
        """Those later than `after`."""
        first = int(np.searchsorted(self.when, after, side="right"))
        return Times(self.who[first:], self.when[first:])

    def with_more(self, who: list[int], at: int, forgotten: int) -> Times:
        """And these at `at`, without what is not later than `forgotten`."""
        first = int(np.searchsorted(self.when, forgotten, side="right"))
        if not who and first == 0:
            return self
        news = np.array(who, dtype=np.int64).reshape(-1, *self.who.shape[1:])
        times = np.full(len(news), at, dtype=np.int64)
        return Times(
            np.concatenate([self.who[first:], news]), np.concatenate([self.when[first:], times])
        )


@dataclass(frozen=True, slots=True)
class Tallies:
    """Never changed: `after` makes others."""

    number: Mapping[str, int]
    names: tuple[str, ...]
    held: Ints  # by INTRODUCTIONS and so on and by member: what is live
    standing: Ints  # by CROSSING and so on: live introductions and reconnections
    made: Times
    mentorings: Times
    pairs: Times  # between whom something changed; some may be there again
    _placed: list[tuple[Mapping[str, int], Ints]] = field(default_factory=list, compare=False)
    _counts: dict[object, tuple[Mapping[str, int], Ints]] = field(
        default_factory=dict, compare=False
    )  # asked for lately: all previews between two rounds ask the same

    @classmethod
    def of(
        cls,
        live: Iterable[Suggestion],
        made: Mapping[str, tuple[int, ...]],
        mentorings: Mapping[str, tuple[int, ...]],
        pairs: Mapping[Pair, int],
    ) -> Self:
        """Of all that a ledger holds."""
        live = tuple(live)
        named = chain(made, mentorings, chain.from_iterable(pairs))
        everyone = dict.fromkeys(chain(named, *(each.members for each in live)))
        number = {name: i for i, name in enumerate(everyone)}
        held, standing = np.zeros((4, len(number)), dtype=np.int64), np.zeros(4, dtype=np.int64)
        _count(held, standing, number, live, 1)
        ends = [number[name] for pair in pairs for name in pair]
        times = np.array(list(pairs.values()), dtype=np.int64)
        both = Times(np.array(ends, dtype=np.int64).reshape(-1, 2), times)
        others, ours = _times(made, number), _times(mentorings, number)
        return cls(number, tuple(number), held, standing, others, ours, both)

    def after(
        self,
        steps: Iterable[Step],
        made: Iterable[Suggestion],
        pairs: Iterable[Pair],
        at: int,
        forgotten: tuple[int, int, int],
    ) -> Self:
        """Once suggestions went their steps at `at`; what is `forgotten`, of made, mentorings, pairs."""
        steps, made, pairs = tuple(steps), tuple(made), tuple(pairs)
        number, names, held = self._knowing(dict.fromkeys(chain.from_iterable(pairs)))
        standing = self.standing.copy()
        _count(held, standing, number, [was for was, _ in steps if was is not None], -1)
        _count(held, standing, number, [now for _, now in steps if now is not None], 1)
        who: dict[bool, list[int]] = {False: [], True: []}
        for suggestion in made:
            who[suggestion.kind == "mentoring"] += (number[each] for each in suggestion.members)
        ends = [number[name] for pair in pairs for name in pair]
        return type(self)(
            number,
            names,
            held,
            standing,
            self.made.with_more(who[False], at, forgotten[0]),
            self.mentorings.with_more(who[True], at, forgotten[1]),
            self.pairs.with_more(ends, at, forgotten[2]),
            self._placed if names is self.names else self._placed[:],
        )

    def places(self, index: Mapping[str, int]) -> Ints:
        """By number the place in `index`, -1 for whoever is not there."""
        known = np.empty(0, dtype=np.int64)
        if (placed := self._placed[:]) and placed[0][0] is index:
            known = placed[0][1]
        more = [index.get(name, -1) for name in self.names[len(known) :]]
        if more or not placed or placed[0][0] is not index:
            known = np.concatenate([known, np.array(more, dtype=np.int64)])
            self._placed[:] = [(index, known)]
        return known

    def holding(self, slot: int, index: Mapping[str, int]) -> Ints:
        """What of `held` everyone has, by place in `index`."""
        return self._kept(slot, index, lambda: self.held[slot])

    def counted(self, times: Times, after: int, index: Mapping[str, int]) -> Ints:
        """How often each is in `times`, made or mentorings, later than `after`; by place in `index`."""
        whose = times.between(after)
        key = times is self.made, len(whose)
        return self._kept(key, index, lambda: np.bincount(whose, minlength=len(self.names)))

    def _kept(self, key: object, index: Mapping[str, int], count: Callable[[], Ints]) -> Ints:
        known = self._counts.get(key)
        if known is None or known[0] is not index:
            if len(self._counts) > _MOST_COUNTS:
                self._counts.clear()
            known = self._counts[key] = index, self._spread(count(), index)
        return known[1]

    def _spread(self, counts: Ints, index: Mapping[str, int]) -> Ints:
        """`counts` by number as counts by place in `index`."""
        places = self.places(index)
        total = np.zeros(len(index) + 1, dtype=np.int64)
        total[places] = counts  # whoever is not there has the place -1: the last
        return total[:-1]

    def _knowing(self, people: Iterable[str]) -> tuple[Mapping[str, int], tuple[str, ...], Ints]:
        """Numbers also of these, and what is held, to be changed."""
        strangers = tuple(name for name in people if name not in self.number)
        if not strangers:
            return self.number, self.names, self.held.copy()
        names = (*self.names, *strangers)
        number = {**self.number, **{name: len(self.names) + i for i, name in enumerate(strangers)}}
        return number, names, np.pad(self.held, ((0, 0), (0, len(strangers))))


def _count(
    held: Ints,
    standing: Ints,
    number: Mapping[str, int],
    suggestions: Collection[Suggestion],
    by: int,
) -> None:
    """Add `by` for each of the suggestions."""
    ends = np.array([number[who] for each in suggestions for who in each.members], dtype=np.int64)
    first, second = ends[::2], ends[1::2]
    mentoring = _whether(each.kind == "mentoring" for each in suggestions)
    level = _whether(each.directions[0] == "across" for each in suggestions)
    crossing = _whether(each.cross_sector for each in suggestions)
    open_ = ~mentoring & _whether(each.state == "open" for each in suggestions)
    for row, whose in (
        (LIVE, ends),
        (MENTEES, first[mentoring]),
        (MENTORS, second[mentoring]),
        (INTRODUCTIONS, first[open_]),
        (INTRODUCTIONS, second[open_]),
    ):
        np.add.at(held[row], whose, by)
    counts = [np.count_nonzero(~mentoring & each) for each in (crossing, ~level, level, True)]
    standing += by * np.array(counts)


def _whether(answers: Iterable[bool]) -> Bools:
    return np.fromiter(answers, dtype=np.bool_)


def _times(made: Mapping[str, tuple[int, ...]], number: Mapping[str, int]) -> Times:
    counts = [len(times) for times in made.values()]
    places = np.array([number[name] for name in made], dtype=np.int64)
    when = np.array(list(chain.from_iterable(made.values())), dtype=np.int64)
    order = np.argsort(when, kind="stable")
    return Times(np.repeat(places, counts)[order], when[order])
