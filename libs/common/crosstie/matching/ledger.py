"""What became of suggestions, as a fold of rounds: the matcher's only memory.

It changes in rounds and nowhere else; folding `rounds.v1` again gives the same ledger. What is past
its horizon is forgotten by the time of the round alone, so when a process read it makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Self, TypeVar

import msgspec
from msgspec import Struct, structs

from crosstie.matching.answers.lessons import judgements
from crosstie.matching.model import FINAL, Change, Round, State, Suggestion
from crosstie.matching.policy import MOST_COOL_DOWN_DAYS
from crosstie.network.strength import DAY_US

WEEK_US = 7 * DAY_US
MADE_KEPT_US = 28 * DAY_US  # how far back the exposure deficit looks
SETTLED_KEPT_US = 30 * DAY_US  # how long late answers are told from unknown ones
PAIRS_KEPT_US = (MOST_COOL_DOWN_DAYS + 1) * DAY_US
SAID_KEPT_US = 365 * DAY_US
SAID_KEPT = 32  # latest answers of one member, and about one

Pair = tuple[str, str]
K = TypeVar("K")
V = TypeVar("V")


class Settled(Struct, frozen=True, array_like=True):
    """What is remembered of a suggestion after its end, to tell which answers counted."""

    at: int
    state: State
    accepted_by: tuple[str, ...]
    members: Pair


class Said(Struct, frozen=True, array_like=True):
    """An answer; silence until the end is a no."""

    at: int
    whom: str  # it was about, or who gave it
    yes: bool


class Ledger(Struct, frozen=True, dict=True):
    """As of `at`, the time of the last round; all maps but `live` in order of their times."""

    at: int = 0
    live: Mapping[str, Suggestion] = {}  # not final, by id
    settled: Mapping[str, Settled] = {}  # by id
    pairs: dict[Pair, int] = {}  # (a, b), a < b -> time of the last change between the two
    made: Mapping[
        str, tuple[int, ...]
    ] = {}  # subject -> when introductions and reconnections were made
    mentorings: Mapping[str, tuple[int, ...]] = {}  # subject -> when these were, as either side
    met: Mapping[Pair, int] = {}  # for good: who said that they met, or began a mentoring; when
    answered: Mapping[str, tuple[Said, ...]] = {}  # subject -> their latest answers, about whom
    judged: Mapping[str, tuple[Said, ...]] = {}  # subject -> the latest answers about them, by whom

    @cached_property
    def by_member(self) -> Mapping[str, tuple[Suggestion, ...]]:
        """Live suggestions of each member, oldest first."""
        found: dict[str, list[Suggestion]] = {}
        for suggestion in sorted(self.live.values(), key=lambda each: (each.made_at, each.id)):
            for subject in suggestion.members:
                found.setdefault(subject, []).append(suggestion)
        return {subject: tuple(theirs) for subject, theirs in found.items()}

    @cached_property
    def live_pairs(self) -> frozenset[Pair]:
        """Pairs that have a live suggestion, each (a, b) with a < b."""
        return frozenset(pair_of(each) for each in self.live.values())

    def made_since(self, subject: str, after: int) -> int:
        """Introductions made for `subject` later than `after`, at most 28 days back."""
        return sum(1 for at in self.made.get(subject, ()) if at > after)

    def mentorings_since(self, subject: str, after: int) -> int:
        """Mentorings suggested to `subject` later than `after`, at most 7 days back."""
        return sum(1 for at in self.mentorings.get(subject, ()) if at > after)

    def after(self, changes: Iterable[Change], at: int) -> Self:
        """This ledger once `changes`, all of one round at `at`, are folded in."""
        live, settled, pairs = dict(self.live), dict(self.settled), dict(self.pairs)
        made, mentorings, met = dict(self.made), dict(self.mentorings), dict(self.met)
        answered, judged = dict(self.answered), dict(self.judged)
        for change in changes:
            suggestion = change.suggestion
            if suggestion.state in FINAL:
                live.pop(suggestion.id, None)
                settled[suggestion.id] = Settled(
                    at, suggestion.state, suggestion.accepted_by, suggestion.members
                )
            else:
                live[suggestion.id] = suggestion
            pair = pair_of(suggestion)
            pairs.pop(pair, None)  # to the end: the order is that of time
            pairs[pair] = at
            if _met(suggestion):
                met.setdefault(pair, at)
            for side, yes in judgements(change):
                by, about = suggestion.members[side], suggestion.members[1 - side]
                _hear(answered, by, Said(at, about, yes))
                _hear(judged, about, Said(at, by, yes))
            if change.cause == "made":
                mentoring = suggestion.kind == "mentoring"
                _note(
                    suggestion.members,
                    mentorings if mentoring else made,
                    at,
                    WEEK_US if mentoring else MADE_KEPT_US,
                )
        _forget(settled, at - SETTLED_KEPT_US, lambda each: each.at)
        _forget(pairs, at - PAIRS_KEPT_US, lambda each: each)
        _forget(made, at - MADE_KEPT_US, lambda each: each[-1])
        _forget(mentorings, at - WEEK_US, lambda each: each[-1])
        for heard in (answered, judged):
            _forget(heard, at - SAID_KEPT_US, lambda each: each[-1].at)
        after = type(self)(at, live, settled, pairs, made, mentorings, met, answered, judged)
        if live == self.live and "by_member" in self.__dict__:
            after.__dict__["by_member"] = self.by_member  # sorted once
        return after


EMPTY = Ledger()


def pair_of(suggestion: Suggestion) -> Pair:
    """Its two members, ascending (a mentor comes first in `members`)."""
    one, other = suggestion.members
    return (one, other) if one < other else (other, one)


def apply(ledger: Ledger, change: Change, at: int) -> Ledger:
    """`ledger` after one change of a round at `at`; for many, `apply_round` copies once."""
    return ledger.after((change,), at)


def apply_round(ledger: Ledger, round: Round) -> Ledger:
    """`ledger` after a recorded round."""
    return ledger.after(round.changes, round.at)


def encode(ledger: Ledger) -> bytes:
    """Canonical JSON: equal ledgers are equal bytes, whatever the order of their maps."""
    return msgspec.json.encode(
        (
            ledger.at,
            sorted(ledger.live.values(), key=lambda each: each.id),
            sorted(ledger.settled.items(), key=lambda each: (each[1].at, each[0])),
            sorted(ledger.pairs.items(), key=lambda each: (each[1], each[0])),
            sorted(ledger.made.items(), key=lambda each: (each[1][-1], each[0])),
            sorted(ledger.mentorings.items(), key=lambda each: (each[1][-1], each[0])),
            sorted(ledger.met.items()),
            sorted(ledger.answered.items(), key=lambda each: (each[1][-1].at, each[0])),
            sorted(ledger.judged.items(), key=lambda each: (each[1][-1].at, each[0])),
        ),
        order="deterministic",
    )


class _Stored(Struct, frozen=True, array_like=True):
    """As `encode` writes it; what earlier versions did not write is empty."""

    at: int
    live: tuple[Suggestion, ...]
    settled: tuple[tuple[str, Settled], ...]
    pairs: tuple[tuple[Pair, int], ...]
    made: tuple[tuple[str, tuple[int, ...]], ...]
    mentorings: tuple[tuple[str, tuple[int, ...]], ...]
    met: tuple[tuple[Pair, int], ...]
    answered: tuple[tuple[str, tuple[Said, ...]], ...] = ()
    judged: tuple[tuple[str, tuple[Said, ...]], ...] = ()


def load(data: bytes) -> Ledger:
    """The ledger that `encode` wrote."""
    at, live, *maps = structs.astuple(msgspec.json.decode(data, type=_Stored))
    return Ledger(at, {each.id: each for each in live}, *map(dict, maps))


def _met(suggestion: Suggestion) -> bool:
    """They said so, or both accepted a mentoring."""
    begun = suggestion.kind == "mentoring" and len(suggestion.accepted_by) == 2
    return suggestion.state == "met" or begun


def _note(members: Pair, made: dict[str, tuple[int, ...]], at: int, kept_us: int) -> None:
    for subject in members:  # to the end: the order is that of time
        kept = [each for each in made.pop(subject, ()) if each > at - kept_us]
        made[subject] = (*kept, at)


def _hear(heard: dict[str, tuple[Said, ...]], subject: str, said: Said) -> None:
    heard[subject] = (*heard.pop(subject, ())[1 - SAID_KEPT :], said)  # to the end, as above


def _forget(kept: dict[K, V], until: int, when: Callable[[V], Any]) -> None:
    """Drop what is not later than `until`; `kept` is in order of time, so from the front."""
    while kept:
        first = next(iter(kept))
        if when(kept[first]) > until:
            return
        del kept[first]
