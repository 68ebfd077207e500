"""From the market to chosen pairs: candidates, worth, short list, assignment, quotas on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from crosstie.matching import assignment, candidates, fairness
from crosstie.matching.arrays import MILLION, Bools, Ints, Places, keys_of
from crosstie.matching.candidates import SOURCES, Pairs, Search
from crosstie.matching.congestion import shortlist
from crosstie.matching.exploration import Drawn, explore
from crosstie.matching.fairness import MOST_ASSIGNMENTS, Quota, achieved, bonuses, passed_over
from crosstie.matching.flows import Solver, solved
from crosstie.matching.ledger import Ledger
from crosstie.matching.market import Market
from crosstie.matching.model import Kind
from crosstie.matching.policy import Policy
from crosstie.matching.quotas import quotas_of
from crosstie.matching.scoring import Scorer
from crosstie.network.strength import DAY_US

MOST_AT_ONCE = 100_000  # pairs: of more, an assignment takes seconds

Notes = Counter[str]
Finder = Callable[[Search, Policy, Scorer], Pairs]


@dataclass(frozen=True, slots=True)
class Choice:
    """Pairs (one[k], other[k]) of one kind and of enough worth, and which are to be suggested.

    In a mentoring `one` is the mentor; `sources` are bits of SOURCES.
    """

    kind: Kind
    one: Ints
    other: Ints
    sources: Places
    worth: Ints
    chosen: Bools
    drawn: Drawn | None = None

    def part(self, part: slice | Bools, kind: Kind | None = None) -> Choice:
        """Some of them, which are of `kind`."""
        return Choice(
            kind or self.kind,
            self.one[part],
            self.other[part],
            self.sources[part],
            self.worth[part],
            self.chosen[part],
            self.drawn and self.drawn.part(part),
        )


def mentorings(
    market: Market, scorer: Scorer, policy: Policy, notes: Notes, solve: Solver = solved
) -> Choice:
    """The best mentorings that fit everyone's slots: the optimum over the candidates."""
    roles = market.roles(policy)
    search = market.search(roles.offers | roles.wants, never=market.never)
    pairs = candidates.mentorings(search, policy.candidates, roles)
    mentor, mentee, fit = roles.oriented(pairs.a, pairs.b)
    one, other, sources = mentor[fit], mentee[fit], pairs.sources[fit]
    notes["candidates.mentoring"] = len(one)
    _count_sources(sources, notes)
    worth = scorer.worth(one, other, mentoring=True)
    enough = worth >= _least(policy)
    one, other, sources, worth = one[enough], other[enough], sources[enough], worth[enough]
    chosen = assignment.mentors(
        one,
        other,
        worth,
        offered=market.mentees,
        wanted=market.mentors,
        taken=market.mentees_held,
        slot_step=round(policy.value.slot_step * MILLION),
        solve=solve,
    )
    notes["made.mentoring"] = int(np.count_nonzero(chosen))
    return Choice("mentoring", one, other, sources, worth, chosen)


def introductions(
    market: Market,
    scorer: Scorer,
    ledger: Ledger,
    policy: Policy,
    taken: Choice,
    notes: Notes,
    find: Finder = candidates.introductions,
    solve: Solver = solved,
    *,
    whole: bool = True,
) -> Iterator[Choice]:
    """Introductions and reconnections, which share slots, without the pairs already `taken`.

    Not `whole`: without those on no short list, which are most.
    """
    pairs, worth, new = _introducible(market, scorer, policy, taken, notes, find)
    slots, size = market.introductions, len(market.people)
    drawn = explore(
        pairs.a, pairs.b, worth, slots, market.served, policy.exploration, market.order.draw
    )
    notes["made.drawn"] = int(np.count_nonzero(drawn.chosen))
    left = slots - _ends(pairs, drawn.chosen, size)
    quotas = [
        each.after(drawn.chosen) for each in quotas_of(market.people, pairs, ledger, policy.quotas)
    ]
    first = passed_over(market.people, ledger, market.at)
    lifted = worth + fairness.FIRST * (first[pairs.a] | first[pairs.b])
    lifted[drawn.chosen] = 0
    notes["passed-over"] = int(np.count_nonzero(first & (slots > 0)))
    kept = _listed(pairs, lifted, left, quotas, policy, notes)
    if not whole:  # the assignment needs the memory
        some = kept | drawn.chosen
        new = int(np.count_nonzero(some[:new]))
        pairs, drawn, quotas = pairs.where(some), drawn.part(some), _within(quotas, some)
        worth, lifted, kept = worth[some], lifted[some], kept[some]
    chosen = drawn.chosen.copy()
    chosen[kept] |= _within_quotas(
        pairs.where(kept), lifted[kept], left, _within(quotas, kept), notes, solve
    )
    every = Choice("introduction", pairs.a, pairs.b, pairs.sources, worth, chosen, drawn)
    for each in (
        every.part(slice(new), "introduction"),
        every.part(slice(new, None), "reconnection"),
    ):
        notes[f"made.{each.kind}"] = int(np.count_nonzero(each.chosen))
        yield each


def _introducible(
    market: Market, scorer: Scorer, policy: Policy, taken: Choice, notes: Notes, find: Finder
) -> tuple[Pairs, Ints, int]:
    """Candidates of enough worth, their worth, and how many have not met: these come first."""
    taken_keys = keys_of(taken.one[taken.chosen], taken.other[taken.chosen], len(market.people))
    never = np.concatenate([market.never, taken_keys])
    free = market.introductions > 0
    search = market.search(free, never=never)
    barred = candidates.ruled_out(np.concatenate([never, market.met]), len(market.people))
    new = find(replace(search, ruled_out=barred), policy, scorer)
    before = market.at - policy.dormant_days * DAY_US
    old = candidates.reconnections(search, policy.candidates, before)
    notes["candidates.introduction"], notes["candidates.reconnection"] = len(new), len(old)
    for each in (new, old):
        _count_sources(each.sources, notes)
    new, worth = _worthy(new, scorer, policy)
    old, theirs = _worthy(old, scorer, policy)
    return new.joined(old), np.concatenate([worth, theirs]), len(new)


def _worthy(pairs: Pairs, scorer: Scorer, policy: Policy) -> tuple[Pairs, Ints]:
    """Those of enough worth to be introduced, and their worth."""
    worth = scorer.worth(pairs.a, pairs.b, mentoring=False)
    enough = worth >= _least(policy)
    return pairs.where(enough), worth[enough]


def _least(policy: Policy) -> int:
    """Millionths of worth: pairs of less are not suggested, nor are worthless ones."""
    return max(round(policy.value.least * MILLION), 1)


def _count_sources(sources: Places, notes: Notes) -> None:
    for name, bit in SOURCES.items():
        notes[f"source.{name}"] += int(np.count_nonzero(sources & bit))


def _ends(pairs: Pairs, mask: Bools, size: int) -> Ints:
    """How many of the pairs in `mask` each member is in."""
    both = np.concatenate([pairs.a[mask], pairs.b[mask]])
    return np.bincount(both, minlength=size).astype(np.int64)


def _listed(
    pairs: Pairs, worth: Ints, slots: Ints, quotas: list[Quota], policy: Policy, notes: Notes
) -> Bools:
    """The pairs that are likeliest to form at market prices, of all and of each quota: often one in many."""
    asked = tuple(quota.mask for quota in quotas if quota.share > 0)
    most = policy.candidates.shortlist
    kept, unsettled = shortlist(pairs.a, pairs.b, worth, slots, most, asked)
    notes["shortlist.kept"] = int(np.count_nonzero(kept))
    notes["shortlist.unsettled-millionths"] = unsettled
    return kept


def _within(quotas: list[Quota], some: Bools) -> list[Quota]:
    """The quotas over `some` of the pairs."""
    return [replace(quota, mask=quota.mask[some]) for quota in quotas]


def _within_quotas(
    pairs: Pairs, worth: Ints, slots: Ints, quotas: list[Quota], notes: Notes, solve: Solver
) -> Bools:
    """The assignment, made again with a growing bonus for what quotas lack, while that may help.

    Of very many pairs, the first bonuses are those that a quick choice turns out to lack.
    """
    bonus = {quota.name: 0 for quota in quotas}

    def lifted() -> Ints:
        return worth + sum(quota.mask * np.int64(bonus[quota.name]) for quota in quotas)

    if np.count_nonzero(worth) > MOST_AT_ONCE:
        for _ in range(MOST_ASSIGNMENTS - 1):
            quick = assignment.foreseen(pairs.a, pairs.b, lifted(), slots)
            before, bonus = bonus, bonuses(quotas, quick, bonus)
            if bonus == before:
                break
    attempts = 0
    while True:
        total = lifted()
        chosen, bound = assignment.introductions(pairs.a, pairs.b, total, slots, solve)
        grown, attempts = bonuses(quotas, chosen, bonus), attempts + 1
        if grown == bonus or attempts == MOST_ASSIGNMENTS:
            break
        bonus = grown
    reached = int(total[chosen].sum())
    notes["assignment.worth"], notes["assignment.bound"] = reached, bound
    notes["assignment.gap-millionths"] = (bound - reached) * MILLION // max(bound, 1)
    notes["assignment.attempts"] = attempts
    for quota in quotas:
        notes[f"quota.{quota.name}.permille"] = int(1000 * achieved(quota, chosen)[0])
        notes[f"quota.{quota.name}.bonus"] = bonus[quota.name]
    return chosen
