"""What platforms read on `suggestions.v1.<platform>`: CloudEvents about a suggestion's state.

Keyed by suggestion id; a reader ignores a `seq` not above the last one, and anything after a
final state. `closed` is neutral: whatever a person did, or may have done, looks the same to the other.
"""

from __future__ import annotations

from typing import Literal

from crosstie.events import Direction, Frozen, Person

SuggestionState = Literal["made", "accepted", "withdrawn", "expired", "closed"]
SUGGESTION_TYPES: dict[str, str] = {
    state: f"org.crosstie.suggestion.{state}.v1"
    for state in ("made", "accepted", "withdrawn", "expired", "closed")
}


class Shown(Frozen):
    """One member as the other side may see them, and the words addressed to this member."""

    person: Person | None
    """None once erased."""
    sector: str | None = None
    role: str | None = None
    profession: str | None = None
    organisation: str | None = None
    level: int | None = None
    """1 is the most junior, 7 the most senior."""
    direction: Direction
    """Where the other stands, as this member sees them."""
    can_give: list[str] = []
    """What this member can give the other."""
    explanation: list[str] = []
    """Sentences addressed to this member, and to nobody else; none where they are not yours."""


class SuggestionChanged(Frozen):
    """Data of every event on a suggestions topic: the suggestion as it is from now on."""

    suggestion: str
    """Id of the suggestion; also the Kafka key."""
    seq: int
    """Grows by one with every state that is shown; ignore one that is not above the last you saw."""
    state: SuggestionState
    """`withdrawn`, `expired` and `closed` are final; `closed` says nothing of why."""
    round: int
    """The round that made the suggestion."""
    kind: Literal["introduction", "mentoring", "reconnection"]
    """In a mentoring the first member is the mentor."""
    cross_sector: bool
    """The two work in different sectors."""
    members: list[Shown]
    """Two people today; small groups may follow."""
    reasons: list[str] = []
    """Codes, see docs/reasons.md."""
    mutual_contacts: list[Person] = []
    """Whom both know, strongest first: people of your authorities; others are only counted."""
    scores: dict[str, float] = {}
    """What each step of the matcher made of the pair."""
    policy: str = ""
    """Digest of the policy that decided."""
    expires: str | None = None
    """RFC 3339; unanswered until then it expires."""
