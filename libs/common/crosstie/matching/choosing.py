"""From the market to chosen pairs: candidates, worth, short list, assignment, quotas on top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from crosstie.matching import assignment, candidates
from crosstie.matching.arrays import MILLION, Bools, Ints, contains, keys_of
from crosstie.matching.candidates import SOURCES, Pairs
from crosstie.matching.congestion import shortlist
from crosstie.matching.exploration import Drawn, explore
from crosstie.matching.fairness import MOST_ASSIGNMENTS, Quota, achieved, bonuses
from crosstie.matching.ledger import Ledger
from crosstie.matching.market import Market
from crosstie.matching.model import Kind, Suggestion
from crosstie.matching.people import DIRECTIONS
from crosstie.matching.policy import Policy
from crosstie.matching.scoring import Scored, Scorer
from crosstie.network.strength import DAY_US

Notes = Counter[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """Pairs of one kind, those of enough worth, which are to be suggested, and which were drawn."""

    kind: Kind
    scored: Scored
    worthy: Bools
    chosen: Bools
    drawn: Drawn | None = None


def mentorings(market: Market, scorer: Scorer, policy: Policy, notes: Notes) -> Choice:
    """The best mentorings that fit everyone's slots: the optimum over the candidates."""
    roles = market.roles(policy)
    search = market.search(roles.offers | roles.wants, never=market.never)
    pairs = candidates.mentorings(search, policy.candidates, roles)
    mentor, mentee, fit = roles.oriented(pairs.a, pairs.b)
    scored = scorer.score(mentor[fit], mentee[fit], pairs.sources[fit], mentoring=True)
    worth = _sufficient(scored, policy)
    chosen = assignment.mentors(
        scored.one,
        scored.other,
        worth,
        offered=market.mentees,
        wanted=market.mentors,
        taken=market.mentees_held,
        slot_step=round(policy.value.slot_step * MILLION),
    )
    _count_sources(scored, notes)
    notes["candidates.mentoring"] = len(scored)
    notes["made.mentoring"] = int(np.count_nonzero(chosen))
    return Choice("mentoring", scored, worth > 0, chosen)


def introductions(
    market: Market, scorer: Scorer, ledger: Ledger, policy: Policy, taken: Choice, notes: Notes
) -> Iterator[Choice]:
    """Introductions and reconnections, which share slots, without the pairs already `taken`."""
    size = len(market.people)
    taken_keys = keys_of(taken.scored.one[taken.chosen], taken.scored.other[taken.chosen], size)
    never = np.concatenate([market.never, taken_keys])
    slots = market.introductions
    unmet = market.search(slots > 0, never=np.concatenate([never, market.met]))
    known = market.search(slots > 0, never=never)
    new = candidates.introductions(unmet, policy.candidates)
    old = candidates.reconnections(
        known, policy.candidates, market.at - policy.dormant_days * DAY_US
    )
    pairs = new.joined(old)
    scored = scorer.score(pairs.a, pairs.b, pairs.sources, mentoring=False)
    worth, share = _sufficient(scored, policy), policy.exploration
    drawn = explore(pairs.a, pairs.b, worth, slots, market.served, share, market.order)
    quotas = [each.after(drawn.chosen) for each in _quotas(scored, worth, ledger, policy)]
    left = slots - _ends(pairs, drawn.chosen, size)
    chosen = _from_shortlist(scored, np.where(drawn.chosen, 0, worth), left, quotas, policy, notes)
    chosen |= drawn.chosen
    notes["made.drawn"] = int(np.count_nonzero(drawn.chosen))
    again = contains(market.met, keys_of(pairs.a, pairs.b, size))
    _count_sources(scored, notes)
    kinds: tuple[tuple[Kind, Bools], ...] = (("introduction", ~again), ("reconnection", again))
    for kind, mask in kinds:
        notes[f"candidates.{kind}"] = int(np.count_nonzero(mask))
        notes[f"made.{kind}"] = int(np.count_nonzero(chosen & mask))
        yield Choice(kind, scored, mask & (worth > 0), chosen & mask, drawn)


def _count_sources(scored: Scored, notes: Notes) -> None:
    for name, bit in SOURCES.items():
        notes[f"source.{name}"] += int(np.count_nonzero(scored.sources & bit))


def _sufficient(scored: Scored, policy: Policy) -> Ints:
    """Worth, and 0 for pairs of less than the policy asks."""
    total = scored.worth.total
    return np.where(total >= round(policy.value.least * MILLION), total, 0)


def _quotas(scored: Scored, worth: Ints, ledger: Ledger, policy: Policy) -> list[Quota]:
    """The policy's quotas over candidate pairs, counting the introductions that are live already."""
    live = [each for each in ledger.live.values() if each.kind != "mentoring"]
    level = scored.toward[0] == DIRECTIONS["across"]
    return [
        Quota(name, share, mask & (worth > 0), sum(map(counts, live)), len(live))
        for name, share, mask, counts in (
            ("cross-sector", policy.quotas.cross_sector, scored.common.cross_sector, _crosses),
            ("across-levels", policy.quotas.across_levels, ~level, _climbs),
            ("same-level", policy.quotas.same_level, level, _stays),
        )
    ]


def _crosses(suggestion: Suggestion) -> bool:
    return suggestion.cross_sector


def _climbs(suggestion: Suggestion) -> bool:
    return suggestion.directions[0] != "across"


def _stays(suggestion: Suggestion) -> bool:
    return suggestion.directions[0] == "across"


def _ends(pairs: Pairs, mask: Bools, size: int) -> Ints:
    """How many of the pairs in `mask` each member is in."""
    both = np.concatenate([pairs.a[mask], pairs.b[mask]])
    return np.bincount(both, minlength=size).astype(np.int64)


def _from_shortlist(
    scored: Scored, worth: Ints, slots: Ints, quotas: list[Quota], policy: Policy, notes: Notes
) -> Bools:
    """The assignment within quotas, of the pairs that are likeliest to form at market prices."""
    asked = tuple(quota.mask for quota in quotas if quota.share > 0)
    most = policy.candidates.shortlist
    kept, unsettled = shortlist(scored.one, scored.other, worth, slots, most, asked)
    notes["shortlist.kept"] = int(np.count_nonzero(kept))
    notes["shortlist.unsettled-millionths"] = unsettled
    within = [replace(quota, mask=quota.mask & kept) for quota in quotas]
    return _within_quotas(scored, np.where(kept, worth, 0), slots, within, notes)


def _within_quotas(
    scored: Scored, worth: Ints, slots: Ints, quotas: list[Quota], notes: Notes
) -> Bools:
    """The assignment, made again with a growing bonus for what quotas lack, while that may help."""
    bonus = {quota.name: 0 for quota in quotas}
    attempts = 0
    while True:
        lifted = worth + sum(quota.mask * np.int64(bonus[quota.name]) for quota in quotas)
        chosen, bound = assignment.introductions(scored.one, scored.other, lifted, slots)
        grown, attempts = bonuses(quotas, chosen, bonus), attempts + 1
        if grown == bonus or attempts == MOST_ASSIGNMENTS:
            break
        bonus = grown
    reached = int(lifted[chosen].sum())
    notes["assignment.worth"], notes["assignment.bound"] = reached, bound
    notes["assignment.gap-millionths"] = (bound - reached) * MILLION // max(bound, 1)
    notes["assignment.attempts"] = attempts
    for quota in quotas:
        notes[f"quota.{quota.name}.permille"] = int(1000 * achieved(quota, chosen)[0])
        notes[f"quota.{quota.name}.bonus"] = bonus[quota.name]
    return chosen
