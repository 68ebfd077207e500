"""What platforms read on `suggestions.v1.<platform>`: CloudEvents about a suggestion's state.

Keyed by suggestion id; a reader ignores a `seq` not above the last one, and anything after a
final state. `closed` is neutral: who declined is never shown to the other side.
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

    person: Person | None  # None once erased
    sector: str | None = None
    role: str | None = None
    profession: str | None = None
    organisation: str | None = None
    level: int | None = None
    direction: Direction  # of the other, as this member sees them
    can_give: list[str] = []
    explanation: list[str] = []  # addressed to this member


class SuggestionChanged(Frozen):
    """Data of every event on a suggestions topic."""

    suggestion: str
    seq: int
    state: SuggestionState
    round: int
    kind: Literal["introduction", "mentoring", "reconnection"]
    cross_sector: bool
    members: list[Shown]
    reasons: list[str] = []  # codes, see docs/reasons.md
    mutual_contacts: list[Person] = []
    scores: dict[str, float] = {}
    policy: str = ""
    expires: str | None = None  # RFC 3339
