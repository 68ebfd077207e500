"""Why somebody has no new suggestion: the first reason that holds, in words for them to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crosstie.instants import to_datetime
from crosstie.matching import pacing
from crosstie.matching.ledger import WEEK_US, Ledger, Pair
from crosstie.matching.policy import Policy
from crosstie.network.state import Member
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network


def why_none(network: Network, ledger: Ledger, policy: Policy, subject: str, at: int) -> str:
    """Why `subject` gets no suggestion at `at`."""
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
    if not any(pacing.slots(network, ledger, policy, subject, at)):
        return f"every slot is in use until {_day(_next_free(ledger, subject, at))}"
    return _nobody(network, ledger, policy, member, at)


def _nobody(network: Network, ledger: Ledger, policy: Policy, member: Member, at: int) -> str:
    me = member.subject
    others = [each for each in network.subjects if each != me and _possible(network, me, each)]
    if not others:
        return "no one within reach: nobody else may be suggested yet"
    mine = pacing.slots(network, ledger, policy, me, at)
    free = {each for each in others if _fits(mine, pacing.slots(network, ledger, policy, each, at))}
    if not free:
        soonest = min(_next_free(ledger, each, at) for each in others)
        return f"no one within reach: {_people(len(others))} full or without time until {_day(soonest)}"
    met = free.intersection((*network.neighbours(me), *_partners(ledger.met, me)))
    # whoever blocked counts as a pair that rests: nobody reads a block here, nor tells it from a decline
    resting = {each for each in free if network.blocked(me, each)}.union(
        free.intersection(_resting(ledger, me, at - policy.cool_down_days * DAY_US))
    )
    resting -= met
    if rest := len(free) - len(met) - len(resting):
        return f"{_people(rest)} within reach, none chosen yet: the next full round looks again"
    return (
        f"no one within reach: of {_people(len(free))} with time you have met {len(met)}, "
        f"and {len(resting)} may not be suggested yet"
    )


def _fits(mine: tuple[int, int, int], theirs: tuple[int, int, int]) -> bool:
    """Both have a slot left for the same thing: introductions, or one mentors the other."""
    introductions, mentees, mentors = (
        min(a, b) for a, b in zip(mine, _turned(theirs), strict=True)
    )
    return bool(introductions or mentees or mentors)


def _turned(slots: tuple[int, int, int]) -> tuple[int, int, int]:
    """What the other needs for each of mine: who offers to mentor needs one who wants a mentor."""
    introductions, mentees, mentors = slots
    return introductions, mentors, mentees


def _next_free(ledger: Ledger, subject: str, at: int) -> int:
    """When time alone next frees a slot; tomorrow where it does not."""
    counted = (*ledger.made.get(subject, ()), *ledger.mentorings.get(subject, ()))
    weeks = (when + WEEK_US for when in counted)
    expiries = (each.expires_at for each in ledger.by_member.get(subject, ()))
    return min((each for each in (*weeks, *expiries) if each > at), default=at + DAY_US)


def _resting(ledger: Ledger, subject: str, since: int) -> Iterator[str]:
    recent = (pair for pair, when in ledger.pairs.items() if when > since)
    return _partners((*recent, *ledger.live_pairs), subject)


def _partners(pairs: Iterable[Pair], subject: str) -> Iterator[str]:
    return (b if subject == a else a for a, b in pairs if subject in (a, b))


def _possible(network: Network, me: str, other: str) -> bool:
    return network.eligible(other) and not network.reporting(me, other)


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _day(at: int) -> str:
    return f"{to_datetime(at):%Y-%m-%d}"
