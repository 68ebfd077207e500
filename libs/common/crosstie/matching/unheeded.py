"""Answers that had no effect, and why."""

from __future__ import annotations

from collections import Counter

from crosstie.matching.ledger import SETTLED_KEPT_US, Ledger, Settled
from crosstie.matching.model import Suggestion
from crosstie.network.state import Reply
from crosstie.network.view import Network


def ignored(network: Network, ledger: Ledger, at: int) -> Counter[str]:
    """Answers of the last 30 days that stand in the network and had no effect, by cause.

    A census, not a flow: what is true as of this round, however many rounds there were before.
    """
    counts: Counter[str] = Counter()
    for tie in network.answers.values():
        for reply in tie.replies:
            if reply.time > at - SETTLED_KEPT_US:
                known = ledger.live.get(reply.suggestion) or ledger.settled.get(reply.suggestion)
                if why := _why_ignored(reply, known, {tie.a, tie.b}):
                    counts[why] += 1
    return Counter({f"ignored.{why}": n for why, n in counts.items()})


def _why_ignored(reply: Reply, known: Suggestion | Settled | None, pair: set[str]) -> str | None:
    if known is None:
        return "unknown-suggestion"
    if set(known.members) != pair or reply.by not in known.members:
        return "stranger"
    counted = {
        "accepted": reply.by in known.accepted_by,
        "declined": known.state == "declined",
        "ignored": known.state == "declined",
        "met": known.state == "met" or reply.by in known.accepted_by,
        "useful": known.state == "met" or reply.by in known.accepted_by,
        "ended": known.state == "ended",
    }
    if counted.get(reply.answer):
        return None
    return "after-the-end" if isinstance(known, Settled) else "without-effect"
