"""A suggestion in words, addressed to one of its members: why them, what each gives, whom both know.

Made from ids and reason codes and the network as it is now, so it works, shorter, when somebody is
gone. Never a decline; of the other's needs only the one that the viewer's own offer meets.
"""

from __future__ import annotations

from collections.abc import Callable

from crosstie.matching.model import Suggestion
from crosstie.network.view import Network


def explain(
    suggestion: Suggestion, network: Network, side: int, names: Callable[[str], str]
) -> list[str]:
    """Sentences addressed to `members[side]`; `names` says how to call a subject."""
    return [f"You and {names(suggestion.members[1 - side])} may gain from meeting."]


def can_give(suggestion: Suggestion, network: Network, side: int) -> list[str]:
    """What `members[side]` can give the other, in words for the other to read."""
    return []
