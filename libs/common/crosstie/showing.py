"""What platforms see of a suggestion's course: fewer states than the ledger has, numbered by themselves.

Whatever a person did, or may have done, shows as `closed`: nobody can tell a decline from a pause
or a block. One side's acceptance shows as nothing. docs/adr/0042-closed-is-neutral.md
"""

from __future__ import annotations

from typing import Final

from crosstie.matching.model import FINAL, Change, Suggestion
from crosstie.suggestions import SuggestionState

# causes that no person's view of the other can be behind; what is not named here is neutral
IMPERSONAL: Final = frozenset(("withdrawn:capacity", "withdrawn:line-manager", "withdrawn:policy"))

# what affinity made of people's answers, and what follows from it: who watches these learns a decline
PRIVATE_SCORES: Final = frozenset(("accepts_first", "accepts_second", "meets", "mutual", "worth"))


def shown_scores(suggestion: Suggestion) -> dict[str, float]:
    """What each step made of the pair, without what is learned of answers: that stays in `rounds.v1`."""
    told = suggestion.scores.items()
    return {name: score / 1e6 for name, score in told if name not in PRIVATE_SCORES}


def shown_state(suggestion: Suggestion, cause: str = "") -> SuggestionState:
    """How a suggestion shows that came into its state by `cause`, which matters at the end only."""
    if suggestion.state not in FINAL:
        agreed = suggestion.state == "accepted" and both_accepted(suggestion)
        return "accepted" if agreed else "made"
    if suggestion.state == "expired":
        return "expired"
    return "withdrawn" if cause in IMPERSONAL else "closed"


def shown_seq(suggestion: Suggestion) -> int:
    """How many states platforms have seen of it, this one included: made, perhaps accepted, the end."""
    return 1 + both_accepted(suggestion) + (suggestion.state in FINAL)


def news(change: Change) -> SuggestionState | None:
    """The state that platforms are told of; None for a change that shows as nothing."""
    suggestion = change.suggestion
    state = shown_state(suggestion, change.cause)
    return None if state == "made" and suggestion.seq > 1 else state


def both_accepted(suggestion: Suggestion) -> bool:
    """Every member accepted, whatever became of it since."""
    return len(suggestion.accepted_by) == len(suggestion.members)
