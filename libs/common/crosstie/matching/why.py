"""Why somebody has no new suggestion: the first reason that holds, in words for them to read."""

from __future__ import annotations

from itertools import islice

import numpy as np

from crosstie.instants import to_datetime
from crosstie.matching import pacing
from crosstie.matching.arrays import Bools, Ints
from crosstie.matching.ledger import WEEK_US, Ledger
from crosstie.matching.market import Market
from crosstie.matching.policy import Policy
from crosstie.matching.tallies import LIVE
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network


def why_none(
    network: Network, ledger: Ledger, policy: Policy, subject: str, at: int, trade: Market | None
) -> str:
    """Why `subject` gets no suggestion at `at`; None: nobody whom the round serves has a slot."""
    member = network.members.get(subject)
    if member is None or member.get("joined") is not True:
        return "not a member"
    if member.get("consent") is not True:
        return "no consent to suggestions"
    if member.get("paused") is True:
        return "paused"
    availability = member.availability
    if not any(pacing.capacity(availability, slot) for slot in pacing.SLOTS):
        return "no availability set: say how many introductions a week, or which mentoring"
    if trade is None or not any(pacing.slots(network, ledger, policy, subject, at)):
        return f"every slot is in use until {_day(_next_free(ledger, subject, at))}"
    return _nobody(trade, ledger, trade.people.index[subject])


def _nobody(trade: Market, ledger: Ledger, me: int) -> str:
    people = trade.people
    others = people.eligible & (people.manager != me)
    others[[me, *people.manager[[me]][people.manager[[me]] >= 0]]] = False
    if not others.any():
        return "no one within reach: nobody else may be suggested yet"
    free = others & _fits(trade, me)
    if not free.any():
        who, soonest = _who(trade, me, others), _day(_soonest(trade, ledger, others))
        return f"no one within reach: {who} full or without time until {soonest}"
    met = free & _partners(trade.met, me, len(people))
    # whoever blocked counts as a pair that rests: nobody reads a block here, nor tells it from a decline
    resting = free & _partners(trade.never, me, len(people)) & ~met
    if (free & ~met & ~resting).any():
        rest = _people(_count(free & ~met & ~resting))
        return f"{rest} within reach, none chosen yet: the next full round looks again"
    return (
        f"no one within reach: of {_people(_count(free))} with time you have met {_count(met)}, "
        f"and {_count(resting)} may not be suggested yet"
    )


def _fits(trade: Market, me: int) -> Bools:
    """Who has a slot left for the same thing: introductions, or one mentors the other."""
    nobody = np.zeros(len(trade.people), dtype=np.bool_)
    for mine, theirs in (
        (trade.introductions, trade.introductions),
        (trade.mentees, trade.mentors),
        (trade.mentors, trade.mentees),
    ):
        nobody |= (mine[me] > 0) & (theirs > 0)
    return nobody


def _soonest(trade: Market, ledger: Ledger, others: Bools) -> int:
    """When time alone next frees a slot of any of `others`, tomorrow where one has none to free."""
    tallies, index, at = ledger.tallies, trade.people.index, trade.at
    places = tallies.places(index)
    waiting = tallies.holding(LIVE, index) > 0
    found: list[int] = []
    for times in (tallies.made.since(at - WEEK_US), tallies.mentorings.since(at - WEEK_US)):
        whose = places[times.who]
        theirs = (whose >= 0) & others[whose]
        waiting[whose[theirs]] = True
        found += (times.when[theirs][:1] + WEEK_US).tolist()
    holding = others & waiting
    expiries = (
        each.expires_at
        for each in ledger.holdings.by_expiry(ledger.live)
        if each.expires_at > at and any(holding[index[who]] for who in each.members if who in index)
    )
    tomorrow = [at + DAY_US] if (others & ~waiting).any() else []
    return min([*found, *tomorrow, *islice(expiries, 1)])


def _next_free(ledger: Ledger, subject: str, at: int) -> int:
    """When time alone next frees a slot; tomorrow where it does not."""
    counted = (*ledger.made.get(subject, ()), *ledger.mentorings.get(subject, ()))
    weeks = (when + WEEK_US for when in counted)
    expiries = (each.expires_at for each in ledger.by_member.get(subject, ()))
    return min((each for each in (*weeks, *expiries) if each > at), default=at + DAY_US)


def _partners(pairs: Ints, me: int, size: int) -> Bools:
    """Whom the keys of `pairs` pair with `me`."""
    one, other = np.divmod(pairs, size)
    found = np.zeros(size, dtype=np.bool_)
    found[other[one == me]] = True
    found[one[other == me]] = True
    return found


def _count(mask: Bools) -> int:
    return int(np.count_nonzero(mask))


def _who(trade: Market, me: int, others: Bools) -> str:
    """`3 people are`, or `3 in your sector are` where that is true of all."""
    sector, count = trade.people.sector, _count(others)
    near = sector[me] >= 0 and bool((sector[others] == sector[me]).all())
    if not near:
        return f"{_people(count)} {'is' if count == 1 else 'are'}"
    return f"{'one' if count == 1 else count} in your sector {'is' if count == 1 else 'are'}"


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _day(at: int) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
