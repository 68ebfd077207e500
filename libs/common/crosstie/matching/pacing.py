"""How much time people have left: nobody is given more than they offered.

Free introductions = weekly rate - max(open, made in the last 7 days). A mentoring holds its slot,
on both sides, from the suggestion to its end; how many are suggested in 7 days is the policy's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from crosstie.matching.ledger import WEEK_US, Ledger
from crosstie.matching.model import Suggestion
from crosstie.matching.policy import Policy
from crosstie.network.facts import Availability
from crosstie.network.view import Network

Slot = Literal["introductions", "mentees", "mentors"]
SLOTS: tuple[Slot, ...] = ("introductions", "mentees", "mentors")


def capacity(availability: Availability, slot: Slot) -> int:
    """What a member offers of `slot`; introductions are per week."""
    if slot == "introductions":
        return availability.introductions_per_week
    return availability.mentees_offered if slot == "mentees" else availability.mentors_wanted


def holding(ledger: Ledger, subject: str, slot: Slot) -> Iterator[Suggestion]:
    """Live suggestions that use the member's `slot`: introductions only until both accepted."""
    for suggestion in ledger.by_member.get(subject, ()):
        if used(suggestion, subject) == slot:
            yield suggestion


def used(suggestion: Suggestion, subject: str) -> Slot | None:
    """The slot of `subject` that a live suggestion uses: an introduction only until both accepted."""
    if suggestion.kind == "mentoring":
        return "mentees" if suggestion.members[0] == subject else "mentors"
    return "introductions" if suggestion.state == "open" else None


def held(ledger: Ledger, subject: str, slot: Slot) -> int:
    """How many of `slot` are in use."""
    return sum(1 for _ in holding(ledger, subject, slot))


def free(ledger: Ledger, availability: Availability, slot: Slot, at: int) -> int:
    """How many suggestions fit into this member's `slot` now."""
    subject = availability.member
    used = held(ledger, subject, slot)
    if slot == "introductions":
        used = max(used, ledger.made_since(subject, at - WEEK_US))
    return max(capacity(availability, slot) - used, 0)


def slots(
    network: Network, ledger: Ledger, policy: Policy, subject: str, at: int
) -> tuple[int, int, int]:
    """Free ones of SLOTS; none for whoever is not eligible.

    Of mentorings, which have no weekly rate, no more than the policy's, a mentor of one's own first.
    """
    member = network.members.get(subject)
    if member is None or not member.eligible or member.get("availability") is None:
        return 0, 0, 0
    introductions, mentees, mentors = (
        free(ledger, member.availability, slot, at) for slot in SLOTS
    )
    made = ledger.mentorings_since(subject, at - WEEK_US)
    left = max(policy.mentoring.most_a_week - made, 0)
    mentors = min(mentors, left)
    return introductions, min(mentees, left - mentors), mentors


def freed_by_time(ledger: Ledger, at: int) -> frozenset[str]:
    """Members with a suggestion that a week had not yet passed over in the last round, and now has."""
    before, now, tallies = ledger.at - WEEK_US, at - WEEK_US, ledger.tallies
    freed = (each.between(before, now).tolist() for each in (tallies.made, tallies.mentorings))
    return frozenset(tallies.names[i] for some in freed for i in some)
