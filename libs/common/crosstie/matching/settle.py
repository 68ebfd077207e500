"""Settlement: what became of live suggestions since the last round, before new ones are made.

Every transition is a change of its own, in the order answers were given, so that the course of a
suggestion does not depend on how many answers a round happens to see at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from crosstie.matching.ledger import Ledger
from crosstie.matching.model import FINAL, Change, Suggestion, changed
from crosstie.matching.overfull import over_capacity
from crosstie.matching.policy import Policy
from crosstie.matching.serve import subjects
from crosstie.network.state import Reply
from crosstie.network.strength import DAY_US
from crosstie.network.view import Network

CLOCKS_DIFFER_US = 5 * 60 * 1_000_000  # by which an answer may be dated before its suggestion


def settle(
    network: Network, ledger: Ledger, policy: Policy, at: int, touched: frozenset[str] | None = None
) -> tuple[Ledger, tuple[Change, ...]]:
    """Answers, then meetings, expiries, what the world rules out, and lowered capacity.

    `touched` must hold the keys of all rows that may differ since the last settlement of this
    ledger (None: any); it saves looking at all others, and changes nothing.
    """
    happened: list[Change] = []
    for suggestion in sorted(_moving(network, ledger, at, touched), key=lambda each: each.id):
        happened.extend(_course(suggestion, network, policy, at))
    after = ledger.after(happened, at)
    excess = over_capacity(network, after, touched)
    return after.after(excess, at), (*happened, *excess)


def _moving(
    network: Network, ledger: Ledger, at: int, touched: frozenset[str] | None
) -> Iterable[Suggestion]:
    """Live suggestions to which something may have happened."""
    if touched is None:
        eligible = frozenset(filter(network.eligible, ledger.by_member))
        return (each for each in ledger.live.values() if not _quiet(each, network, eligible, at))
    # a new one was made of people as they were then, but it may be answered already: ids can be told
    few, many = sorted((ledger.latest, network.answers), key=len)
    early = (pair for pair in few if pair in many)
    found = [
        each for names in (*map(subjects, touched), *early) for each in _between(ledger, names)
    ]
    found += ledger.holdings.expired(at, ledger.live)
    return {each.id: each for each in found}.values()


def _between(ledger: Ledger, names: tuple[str, ...]) -> Iterator[Suggestion]:
    """What one of these holds, or what two have with each other."""
    whose = {*names}
    return (each for each in ledger.by_member.get(names[0], ()) if whose <= {*each.members})


def _quiet(suggestion: Suggestion, network: Network, eligible: frozenset[str], at: int) -> bool:
    """Nothing at all to settle: most, most of the time."""
    one, other = suggestion.members
    if at > suggestion.expires_at or not (one in eligible and other in eligible):
        return False
    tie = network.tie(one, other)
    if tie is not None and (tie.replies or tie.last_met is not None or tie.blocked):
        return False
    return not network.reporting(one, other)


def _course(suggestion: Suggestion, network: Network, policy: Policy, at: int) -> Iterator[Change]:
    for reply in _replies(suggestion, network):
        change = _ANSWERS.get(reply.answer, _nothing)(suggestion, reply.by, policy, at)
        if change is not None and _in_time(reply, suggestion):
            yield change
            suggestion = change.suggestion
            if suggestion.state in FINAL:
                return
    last = _met(suggestion, network) or _withdrawn(suggestion, network) or _expired(suggestion, at)
    if last is not None:
        yield last


def _in_time(reply: Reply, suggestion: Suggestion) -> bool:
    """Nobody answers what was not made yet, but clocks differ."""
    return suggestion.made_at - CLOCKS_DIFFER_US <= reply.time <= suggestion.expires_at


def _replies(suggestion: Suggestion, network: Network) -> Iterator[Reply]:
    tie = network.tie(*suggestion.members)
    for reply in tie.replies if tie is not None else ():
        if reply.suggestion == suggestion.id and reply.by in suggestion.members:
            yield reply


def _accepted(suggestion: Suggestion, by: str, policy: Policy, at: int) -> Change | None:
    if by in suggestion.accepted_by:
        return None
    both = (*suggestion.accepted_by, by)
    if len(both) < len(suggestion.members):
        return changed(suggestion, "accepted", "open", accepted_by=both)
    days = policy.mentoring.term_days if suggestion.kind == "mentoring" else policy.days_to_meet
    return changed(
        suggestion, "accepted", "accepted", accepted_by=both, expires_at=at + days * DAY_US
    )


def _declined(suggestion: Suggestion, by: str, policy: Policy, at: int) -> Change | None:
    del policy, at
    return changed(suggestion, "declined", "declined", declined_by=(by,))


def _said_to_have_met(suggestion: Suggestion, by: str, policy: Policy, at: int) -> Change | None:
    if suggestion.kind == "mentoring":  # it goes on; who meets has accepted
        return _accepted(suggestion, by, policy, at)
    return changed(suggestion, "met", "met")


def _ended(suggestion: Suggestion, by: str, policy: Policy, at: int) -> Change | None:
    del by, policy, at
    return changed(suggestion, "ended", "ended") if suggestion.kind == "mentoring" else None


def _nothing(*_: object) -> None:
    """An answer that this version does not know."""


_ANSWERS: Mapping[str, Callable[[Suggestion, str, Policy, int], Change | None]] = {
    "accepted": _accepted,
    "declined": _declined,
    "ignored": _declined,
    "met": _said_to_have_met,
    "useful": _said_to_have_met,
    "ended": _ended,
}


def _met(suggestion: Suggestion, network: Network) -> Change | None:
    """The two met after the suggestion was made, whoever says so; a large gathering is no meeting."""
    tie = network.tie(*suggestion.members)
    if (
        suggestion.kind == "mentoring"
        or tie is None
        or tie.last_met is None
        or tie.last_met <= suggestion.made_at
    ):
        return None
    return changed(suggestion, "met", "met")


def _withdrawn(suggestion: Suggestion, network: Network) -> Change | None:
    why = _ruled_out(suggestion, network)
    return None if why is None else changed(suggestion, f"withdrawn:{why}", "withdrawn")


def _ruled_out(suggestion: Suggestion, network: Network) -> str | None:
    one, other = suggestion.members
    if not (one in network.members and other in network.members):
        return "erased"
    if not (network.present(one) and network.present(other)):
        return "left"
    if network.blocked(one, other):
        return "blocked"
    if (
        suggestion.state == "accepted"
    ):  # pauses and new line managers leave what both agreed on alone
        return None
    if not (network.eligible(one) and network.eligible(other)):
        return "paused"
    return "line-manager" if network.reporting(one, other) else None


def _expired(suggestion: Suggestion, at: int) -> Change | None:
    if at <= suggestion.expires_at:
        return None
    if suggestion.state == "accepted":  # the term is over, or they never said that they met
        return changed(suggestion, "ended", "ended")
    return changed(suggestion, "expired", "expired")
