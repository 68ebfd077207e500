"""What a platform reads of a preview: nobody agreed to be shown yet, so less than of a suggestion."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from crosstie.events import Direction, Person
from crosstie.instants import to_rfc3339
from crosstie.integers import INTEGER
from crosstie.matching.model import Suggestion
from crosstie.suggestions import Shown
from services.matching import tell
from services.matching.previews import Seen


class Asked(BaseModel):
    """For whom to preview, and how many at most."""

    model_config = ConfigDict(extra="forbid", strict=True)

    person: Person
    limit: Annotated[int, Field(ge=1, le=50), INTEGER] = 10


class Previewed(BaseModel):
    """Somebody who could be suggested, as this person would see them."""

    next_round: bool = Field(
        description="The next round would suggest them, if it serves this person alone."
    )
    kind: str
    direction: Direction = Field(description="Where the other stands, as this person sees them.")
    cross_sector: bool
    other: Shown = Field(
        description="Of another platform's people only sector, level and direction."
    )
    explanation: list[str] = Field(
        description="Sentences addressed to this person; none about another platform's people."
    )
    you_can_give: list[str]
    they_can_give: list[str]
    mutual_contacts: list[Person] = Field(description="Of the asking platform's authorities.")
    reasons: list[str]
    scores: dict[str, float]


class AsOf(BaseModel):
    """What a preview follows: the last round, and all that was read since."""

    round: int
    at: str = Field(description="RFC 3339; that round's own time.")
    policy: str
    base: str


class PreviewShown(BaseModel):
    """Whom a person would be suggested now, best first; nobody is told, and no slot is used."""

    person: Person
    as_of: AsOf
    previewed: list[Previewed]
    why: str | None = Field(description="Why the next round would suggest nobody.")


def shown(
    seen: Seen,
    most: int,
    person: Person,
    subject: str,
    words: tell.Words,
    authorities: Collection[str],
) -> PreviewShown:
    """What was seen for `person`, as a platform of `authorities` may read it, best first."""
    next_round = {each.id for each in seen.preview.suggested}
    return PreviewShown(
        person=person,
        as_of=AsOf(round=seen.n, at=to_rfc3339(seen.at), policy=seen.policy, base=seen.base),
        previewed=[
            _previewed(each, subject, words, authorities, next_round=each.id in next_round)
            for each in seen.found(most)
            if words.stands(each)
        ],
        why=seen.preview.why,
    )


def _previewed(
    suggestion: Suggestion,
    subject: str,
    words: tell.Words,
    authorities: Collection[str],
    *,
    next_round: bool,
) -> Previewed:
    """Of another platform's people sector and level alone.

    Words, reasons and scores would tell who they are, and what they need or offer.
    """
    data = words.data(suggestion, "made", authorities)
    me = suggestion.members.index(subject)
    mine, other = data.members[me], tell.unspoken(data.members[1 - me])
    place = Shown(person=None, sector=other.sector, level=other.level, direction=other.direction)
    ours = other.person is not None and other.person.authority in authorities
    return Previewed(
        next_round=next_round,
        kind=data.kind,
        direction=mine.direction,
        cross_sector=data.cross_sector,
        other=other if ours else place,
        explanation=mine.explanation if ours else [],
        you_can_give=mine.can_give if ours else [],
        they_can_give=other.can_give if ours else [],
        mutual_contacts=data.mutual_contacts if ours else [],
        reasons=data.reasons if ours else [],
        scores=data.scores if ours else {},
    )
