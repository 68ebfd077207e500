"""What became of suggestions, as a fold of rounds: the matcher's only memory.

It changes in rounds and nowhere else; folding `rounds.v1` again gives the same ledger. What is past
its horizon is forgotten by the time of the round alone, so when a process read it makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import takewhile
from typing import Any, Self, TypeVar

from msgspec import Struct

from crosstie.layered import layered
from crosstie.matching.answers.lessons import judgements
from crosstie.matching.holdings import Holdings
from crosstie.matching.model import FINAL, Change, Round, State, Suggestion
from crosstie.matching.policy import MOST_COOL_DOWN_DAYS
from crosstie.matching.tallies import Tallies
from crosstie.network.strength import DAY_US
from crosstie.pairing import Others, others_after, others_of

WEEK_US = 7 * DAY_US
MADE_KEPT_US = 28 * DAY_US  # how far back the exposure deficit looks
SETTLED_KEPT_US = 30 * DAY_US  # how long late answers are told from unknown ones
PAIRS_KEPT_US = (MOST_COOL_DOWN_DAYS + 1) * DAY_US
SAID_KEPT_US = 365 * DAY_US
SAID_KEPT = 32  # latest answers of one member, and about one
_FEW = 8  # up to one in so many changes are put in place in what is derived

Pair = tuple[str, str]
K = TypeVar("K")
V = TypeVar("V")


class Settled(Struct, frozen=True, array_like=True, gc=False):
    """What is remembered of a suggestion after its end, to tell which answers counted."""

    at: int
    state: State
    accepted_by: tuple[str, ...]
    members: Pair


class Said(Struct, frozen=True, array_like=True, gc=False):
    """An answer; silence until the end is a no."""

    at: int
    whom: str  # it was about, or who gave it
    yes: bool


Changes = tuple[Change, ...]
Made = Mapping[str, tuple[int, ...]]
Heard = Mapping[str, tuple[Said, ...]]


class Ledger(Struct, frozen=True, dict=True):
    """As of `at`, the time of the last round; all maps but `live` in order of their times."""

    at: int = 0
    live: Mapping[str, Suggestion] = {}  # not final, by id
    settled: Mapping[str, Settled] = {}  # by id
    pairs: Mapping[Pair, int] = {}  # (a, b), a < b -> time of the last change between the two
    made: Made = {}  # subject -> when introductions and reconnections were made
    mentorings: Made = {}  # subject -> when these were, as either side
    met: Mapping[Pair, int] = {}  # for good: who said that they met, or began a mentoring; when
    answered: Heard = {}  # subject -> their latest answers, about whom
    judged: Heard = {}  # subject -> the latest answers about them, by whom

    @cached_property
    def holdings(self) -> Holdings:
        """Live suggestions by member and by expiry."""
        return Holdings.of(self.live.values())

    @cached_property
    def tallies(self) -> Tallies:
        """What is live and what was made, as arrays by member."""
        return Tallies.of(self.live.values(), self.made, self.mentorings, self.pairs)

    def derive(self) -> None:
        """What rounds and previews look up, now rather than while somebody waits."""
        _ = self.holdings, self.tallies, self.acquainted

    @cached_property
    def acquainted(self) -> Others:
        """By member, whom they met by a suggestion, as `met` tells."""
        return others_of(self.met)

    @property
    def by_member(self) -> Mapping[str, tuple[Suggestion, ...]]:
        """Live suggestions of each member, oldest first."""
        return self.holdings.by_member

    @cached_property
    def latest(self) -> frozenset[Pair]:
        """Pairs between whom something changed in the last round."""
        pairs, at = self.pairs, self.at
        return frozenset(takewhile(lambda pair: pairs[pair] >= at, reversed(pairs)))  # type: ignore[arg-type]

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
        changes = tuple(changes)
        live, settled, pairs = _moved(changes, at)
        met = _with_meetings(self.met, changes, at)
        answered, judged = _with_answers(self.answered, self.judged, changes, at)
        made, mentorings = _with_made(self.made, self.mentorings, changes, at)
        after = type(self)(
            at,
            _with(self.live, live),
            _without(_with(self.settled, settled), at - SETTLED_KEPT_US, lambda each: each.at),
            _without(_with(self.pairs, pairs), at - PAIRS_KEPT_US, lambda each: each),
            _without(made, at - MADE_KEPT_US, lambda each: each[-1]),
            _without(mentorings, at - WEEK_US, lambda each: each[-1]),
            met,
            _without(answered, at - SAID_KEPT_US, lambda each: each[-1].at),
            _without(judged, at - SAID_KEPT_US, lambda each: each[-1].at),
        )
        self._hand_on(after, changes)
        return after

    def _hand_on(self, after: Ledger, changes: Changes) -> None:
        """What is derived of this ledger, brought up to date where that is less work than anew."""
        derived, changed = self.__dict__, {change.suggestion.id for change in changes}
        if len(changed) > len(self.live) // _FEW:
            return
        steps = [(self.live.get(id), after.live.get(id)) for id in changed]
        if "holdings" in derived:
            after.__dict__["holdings"] = (
                self.holdings.after(steps, after.live) if steps else self.holdings
            )
        if "acquainted" in derived:
            pairs = {pair_of(change.suggestion) for change in changes}
            came = sorted(pair for pair in pairs if pair in after.met and pair not in self.met)
            after.__dict__["acquainted"] = others_after(self.acquainted, came)
        if "tallies" in derived:
            made = (change.suggestion for change in changes if change.cause == "made")
            pairs = {pair_of(change.suggestion) for change in changes}
            forgotten = (after.at - MADE_KEPT_US, after.at - WEEK_US, after.at - PAIRS_KEPT_US)
            after.__dict__["tallies"] = self.tallies.after(steps, made, pairs, after.at, forgotten)


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


def _met(suggestion: Suggestion) -> bool:
    """They said so, or both accepted a mentoring."""
    begun = suggestion.kind == "mentoring" and len(suggestion.accepted_by) == 2
    return suggestion.state == "met" or begun


def _moved(
    changes: Changes, at: int
) -> tuple[dict[str, Suggestion | None], dict[str, Settled], dict[Pair, int]]:
    """What is live, None where it is no more, what is settled, and between whom something changed."""
    live, settled, pairs = dict[str, Suggestion | None](), dict[str, Settled](), dict[Pair, int]()
    for suggestion in (change.suggestion for change in changes):
        final = suggestion.state in FINAL
        live[suggestion.id] = None if final else suggestion
        if final:
            said = suggestion.state, suggestion.accepted_by, suggestion.members
            settled[suggestion.id] = Settled(at, *said)
        pair = pair_of(suggestion)
        pairs.pop(pair, None)  # to the end: the order is that of time
        pairs[pair] = at
    return live, settled, pairs


def _with_meetings(met: Mapping[Pair, int], changes: Changes, at: int) -> Mapping[Pair, int]:
    news = [pair_of(change.suggestion) for change in changes if _met(change.suggestion)]
    return _with(met, {pair: at for pair in news if pair not in met})


def _with_answers(answered: Heard, judged: Heard, changes: Changes, at: int) -> tuple[Heard, Heard]:
    said = [
        (change.suggestion.members, side, yes)
        for change in changes
        for side, yes in judgements(change)
    ]
    given, received = dict[str, tuple[Said, ...]](), dict[str, tuple[Said, ...]]()
    for members, side, yes in said:
        by, about = members[side], members[1 - side]
        _hear(given, answered, by, Said(at, about, yes))
        _hear(received, judged, about, Said(at, by, yes))
    return _with(answered, given), _with(judged, received)


def _with_made(made: Made, mentorings: Made, changes: Changes, at: int) -> tuple[Made, Made]:
    others, ours = dict[str, tuple[int, ...]](), dict[str, tuple[int, ...]]()
    for suggestion in (change.suggestion for change in changes if change.cause == "made"):
        if suggestion.kind == "mentoring":
            _note(ours, mentorings, suggestion.members, at, WEEK_US)
        else:
            _note(others, made, suggestion.members, at, MADE_KEPT_US)
    return _with(made, others), _with(mentorings, ours)


def _note(
    news: dict[str, tuple[int, ...]], made: Made, members: Pair, at: int, kept_us: int
) -> None:
    for subject in members:  # to the end: the order is that of time
        before = news.pop(subject, None) or made.get(subject, ())
        news[subject] = (*(each for each in before if each > at - kept_us), at)


def _hear(news: dict[str, tuple[Said, ...]], heard: Heard, subject: str, said: Said) -> None:
    before = news.pop(subject, None) or heard.get(subject, ())
    news[subject] = (*before[1 - SAID_KEPT :], said)  # to the end, as above


def _with(kept: Mapping[K, V], news: Mapping[K, V | None]) -> Mapping[K, V]:
    """`kept` with `news` after all others, None for what is gone: itself where there are none."""
    return layered(kept, news) if news else kept


def _without(kept: Mapping[K, V], until: int, when: Callable[[V], Any]) -> Mapping[K, V]:
    """`kept`, in order of time, without what is not later than `until`: itself where that is all."""
    first = next(iter(kept), None)
    if first is None or when(kept[first]) > until:
        return kept
    return layered(kept, dict.fromkeys(takewhile(lambda key: when(kept[key]) <= until, kept)))
