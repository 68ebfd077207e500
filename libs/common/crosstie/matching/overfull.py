"""Who lowered what they offer below what they hold: what they have not answered is withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crosstie.matching.ledger import Ledger
from crosstie.matching.model import Change, Suggestion, changed
from crosstie.matching.pacing import SLOTS, Slot, capacity, holding, used
from crosstie.matching.serve import subjects
from crosstie.network.view import Network


def over_capacity(
    network: Network, ledger: Ledger, touched: frozenset[str] | None
) -> tuple[Change, ...]:
    """Withdrawals of what its members hold over what they offer, ascending by id.

    `touched`: keys of all rows that may differ since this was asked last of the ledger; None: any.
    """
    gone: dict[str, Change] = {}
    for subject in sorted(_overfull(network, ledger, touched)):
        for slot in SLOTS:
            for suggestion in _excess(network, ledger, subject, slot, gone):
                gone[suggestion.id] = changed(suggestion, "withdrawn:capacity", "withdrawn")
    return tuple(gone[each] for each in sorted(gone))


def _overfull(network: Network, ledger: Ledger, touched: frozenset[str] | None) -> Iterator[str]:
    """Who holds more than they offer, of any slot.

    Others than those whose own row was touched hold no more than when they were looked at last, and
    what they were over then they have answered.
    """
    theirs = ledger.by_member
    for subject in theirs if touched is None else theirs.keys() & _members(touched):
        said = network.members[subject].get("availability") or (0, 0, 0)
        introductions, mentors, mentees = said[:3]
        slots = [used(each, subject) for each in theirs[subject]]
        if (
            slots.count("introductions") > introductions
            or slots.count("mentors") > mentors
            or slots.count("mentees") > mentees
        ):
            yield subject


def _members(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(names[0] for names in map(subjects, keys) if len(names) == 1)


def _excess(
    network: Network, ledger: Ledger, subject: str, slot: Slot, gone: Mapping[str, Change]
) -> list[Suggestion]:
    """What `subject` holds over capacity and has not answered: nobody's answers first, the newest first."""
    # a live suggestion's members are known: `settle` withdraws those of the erased first
    member = network.members[subject]
    using = [each for each in holding(ledger, subject, slot) if each.id not in gone]
    over = len(using) - capacity(member.availability, slot)
    if over <= 0:
        return []
    unanswered = [
        each for each in using if each.state == "open" and subject not in each.accepted_by
    ]
    unanswered.sort(key=lambda each: (len(each.accepted_by), -each.made_at, each.id))
    return unanswered[:over]
