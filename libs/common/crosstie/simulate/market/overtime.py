"""What rounds of a locality lead to, week by week: agreement, sectors, load, waiting, lonely effort.

Everything is counted from what rounds decided and what people then did; a suggestion counts for the
round that made it, so three more rounds than asked for are played, to hear the last answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from crosstie.matching.ledger import WEEK_US
from crosstie.matching.model import Suggestion
from crosstie.matching.pacing import capacity, held, holding, used
from crosstie.matching.policy import Policy
from crosstie.network.view import Network
from crosstie.simulate.market.measures import gini
from crosstie.simulate.rounds import Choose, Played, Refit, play
from crosstie.simulate.scenario import Scenario

SENIOR_SHARE = 0.05
GRACE = 3  # rounds after the last one that counts: whatever is unanswered has expired
EARLY = 5  # rounds at the beginning that are compared with as many at the end


@dataclass(frozen=True, slots=True)
class Week:
    """Of the introductions that one round made, reconnections among them."""

    round: int
    made: int
    agreed: int  # both accepted
    lonely: int  # one accepted, the other did not
    cross_sector: float  # share
    standing_cross_sector: (
        float  # share of all that are live after the round: what the quota is about
    )
    senior_load: (
        float  # of the most senior: the most that anybody served has in hand, of their slots
    )
    over: int  # people with more in hand than they said they have time for
    without: dict[int, int]  # people by whole weeks they have had slots free and nothing to look at


@dataclass(frozen=True, slots=True)
class Season:
    """All rounds of one way of choosing."""

    way: str
    weeks: tuple[Week, ...]
    agreed_gini: float  # of agreed introductions per slot and week, over people with time

    def share(self, what: str, early: bool) -> float:
        """`agreed` or `lonely` of what was made, in the first rounds or in the last ones."""
        most = max(min(EARLY, len(self.weeks) // 2), 1)
        few = self.weeks[:most] if early else self.weeks[-most:]
        total: int = sum(getattr(each, what) for each in few)
        return total / max(sum(each.made for each in few), 1)

    @property
    def agreed(self) -> float:
        """Introductions a round that both accepted."""
        return fmean(each.agreed for each in self.weeks)

    @property
    def longest(self) -> int:
        """Whole weeks that anybody had nothing."""
        return max((week for each in self.weeks for week in each.without), default=0)

    @property
    def waiting(self) -> dict[int, int]:
        """Over all rounds: how often somebody had been without for so many weeks."""
        total: Counter[int] = Counter()
        for each in self.weeks:
            total.update(each.without)
        return dict(sorted(total.items()))

    def broken(self, policy: Policy) -> list[str]:
        """What was promised of these rounds and did not hold, in words."""
        told = []
        if self.share("agreed", early=False) <= self.share("agreed", early=True):
            told.append("acceptance did not rise")
        least = min((each.standing_cross_sector for each in self.weeks), default=1.0)
        if least < policy.quotas.cross_sector:
            told.append(
                f"cross-sector share was {least:.0%}, below {policy.quotas.cross_sector:.0%}"
            )
        if any(each.senior_load > 1.0 for each in self.weeks):
            told.append("the most senior had more in hand than they have time for")
        if any(each.over for each in self.weeks):
            told.append("somebody had more in hand than they have time for")
        return told


@dataclass
class _Book:
    """What is known so far: who was served when, and what became of each suggestion."""

    made: dict[str, Suggestion] = field(default_factory=dict)
    agreed: set[str] = field(default_factory=set)
    lonely: set[str] = field(default_factory=set)
    served: dict[str, int] = field(default_factory=dict)
    weekly: Counter[str] = field(default_factory=Counter)

    def read(self, played: Played) -> None:
        for change in played.changes:
            suggestion = change.suggestion
            if suggestion.kind == "mentoring":
                continue
            if change.cause == "made":
                self.made[suggestion.id] = suggestion
            if change.cause == "accepted" and suggestion.state == "accepted":
                self.agreed.add(suggestion.id)
            if change.cause in ("declined", "expired") and len(suggestion.accepted_by) == 1:
                self.lonely.add(suggestion.id)


def seasons(
    scenario: Scenario,
    policy: Policy,
    rounds: int,
    ways: Mapping[str, Choose | None],
    refit: Callable[[], Refit] | None = None,
) -> Iterator[Season]:
    """`rounds` weekly rounds of the same locality, chosen in each of `ways`.

    `refit` gives a learner of its own to every way: each learns from the answers it brought about.
    """
    for name, choose in ways.items():
        learner = None if refit is None else refit()
        played = play(scenario, policy, every_days=7, choose=choose, refit=learner)
        yield season(name, played, rounds)


def season(way: str, played: Iterable[Played], rounds: int) -> Season:
    """What became of `rounds` rounds."""
    book, weeks = _Book(), list[Week]()
    for each in played:
        book.read(each)
        if each.n <= rounds:
            weeks.append(_week(each, book))
        if each.n == rounds + GRACE:
            break
    by_round = Counter(each.round for each in book.made.values())
    agreed, lonely = (
        Counter(book.made[id].round for id in ids) for ids in (book.agreed, book.lonely)
    )
    whole = (
        Week(
            **{name: getattr(each, name) for name in Week.__slots__}
            | {
                "made": by_round[each.round],
                "agreed": agreed[each.round],
                "lonely": lonely[each.round],
            }
        )
        for each in weeks
    )
    return Season(way, tuple(whole), _evenness(book))


def days(rounds: int) -> int:
    """How long a scenario must be."""
    return 7 * (rounds + GRACE) + 2


def _week(played: Played, book: _Book) -> Week:
    network, ledger = played.network, played.ledger
    new = [each for each in book.made.values() if each.round == played.n]
    live = [each for each in ledger.live.values() if each.kind != "mentoring"]
    loads: dict[str, float] = {}
    for subject, load in _loads(played):
        loads[subject] = max(load, loads.get(subject, 0.0))
    return Week(
        round=played.n,
        made=0,
        agreed=0,
        lonely=0,
        cross_sector=_crossing(new),
        standing_cross_sector=_crossing(live),
        senior_load=max((loads.get(each, 0.0) for each in senior(network)), default=0.0),
        over=sum(1 for each in loads.values() if each > 1.0),
        without=_without(played, book),
    )


def _crossing(suggestions: list[Suggestion]) -> float:
    return sum(each.cross_sector for each in suggestions) / max(len(suggestions), 1)


def senior(network: Network) -> list[str]:
    """The five per cent of highest level among those who may be suggested; equals by their id."""
    there = [each for each in network.subjects if network.eligible(each)]
    there.sort(key=lambda each: (-(network.members[each].level or 0), each))
    return there[: max(round(SENIOR_SHARE * len(there)), 1)] if there else []


def _loads(played: Played) -> Iterator[tuple[str, float]]:
    """Whoever was given something, and the most of any slot it went to, as a share of what they offer.

    Who lowers what they offer keeps what both accepted before: slots given nothing are not looked at.
    """
    network, ledger = played.network, played.ledger
    new = (change.suggestion for change in played.changes if change.cause == "made")
    given = {(subject, used(each, subject)) for each in new for subject in each.members}
    for subject, slot in sorted((subject, slot) for subject, slot in given if slot is not None):
        most = held(ledger, subject, slot)
        if slot == "introductions":
            most = max(most, ledger.made_since(subject, played.at - WEEK_US))
        offered = capacity(network.members[subject].availability, slot)
        yield subject, most / max(offered, 1e-9)


def _without(played: Played, book: _Book) -> dict[int, int]:
    """Who has time, nothing open and nothing made this week: for how many weeks by now."""
    network, ledger = played.network, played.ledger
    counts: Counter[int] = Counter()
    for subject in network.subjects:
        weekly = network.members[subject].availability.introductions_per_week
        ready = network.eligible(subject) and weekly > 0
        busy = any(True for _ in holding(ledger, subject, "introductions"))
        if not ready or busy or ledger.made_since(subject, played.at - WEEK_US):
            book.served[subject] = played.n
        if ready:
            book.weekly[subject] += weekly
            counts[played.n - book.served.setdefault(subject, played.n - 1)] += 1
    return dict(sorted(counts.items()))


def _evenness(book: _Book) -> float:
    agreed = Counter(subject for id in book.agreed for subject in book.made[id].members)
    return gini(np.array([agreed[each] / slots for each, slots in sorted(book.weekly.items())]))
