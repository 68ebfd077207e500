"""Suggestions made of chosen pairs: ids, directions, reasons, what each gives, whom both know.

Codes, amounts and ids only: `explain` turns them into words. Codes: docs/reasons.md.
"""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import cast

import numpy as np
from msgspec.structs import replace
from scipy.sparse import csr_array

from crosstie.matching.affinity import Match
from crosstie.matching.arrays import Places, millionths
from crosstie.matching.candidates import SOURCES
from crosstie.matching.choosing import Choice
from crosstie.matching.exploration import Drawn
from crosstie.matching.model import Change, Kind, Reason, Side, Suggestion
from crosstie.matching.people import DIRECTIONS
from crosstie.matching.policy import Policy
from crosstie.matching.scoring import Scored, Scorer
from crosstie.network.strength import DAY_US, moved
from crosstie.network.view import Network

MUTUAL_SHOWN = 3
_SIDES: dict[int, Side] = {bit: cast("Side", name) for name, bit in DIRECTIONS.items()}


def suggestion_id(deployment: str, n: int, kind: Kind, members: tuple[str, str]) -> str:
    """32 characters that name one suggestion of one round of one deployment."""
    text = "\0".join((deployment, str(n), kind, *sorted(members)))
    return b32encode(blake2b(text.encode(), digest_size=20).digest()).decode().lower()


@dataclass(frozen=True, slots=True)
class Maker:
    """What all suggestions of a round share."""

    network: Network
    scorer: Scorer
    policy: Policy
    policy_digest: str
    deployment: str
    n: int
    at: int

    def made(self, choice: Choice) -> Iterator[Change]:
        """The chosen pairs as new suggestions."""
        for k in np.flatnonzero(choice.chosen).tolist():
            yield Change(self.suggestion(choice, k), "made")

    def suggestion(self, choice: Choice, k: int) -> Suggestion:
        """Pair `k` of `choice` as a new suggestion."""
        suggestion = self._suggestion(choice.kind, choice.scored, k)
        if choice.drawn is not None and choice.drawn.chosen[k]:
            return replace(suggestion, scores=suggestion.scores | _odds(choice.drawn, k))
        return suggestion

    def _suggestion(self, kind: Kind, scored: Scored, k: int) -> Suggestion:
        subjects = self.scorer.people.subjects
        members = (subjects[scored.one[k]], subjects[scored.other[k]])
        mutual = self._mutual(int(scored.one[k]), int(scored.other[k]))
        sources = int(scored.sources[k])
        return Suggestion(
            id=suggestion_id(self.deployment, self.n, kind, members),
            kind=kind,
            members=members,
            directions=(_SIDES[int(scored.toward[0][k])], _SIDES[int(scored.toward[1][k])]),
            cross_sector=bool(scored.common.cross_sector[k]),
            round=self.n,
            made_at=self.at,
            expires_at=self.at + self.policy.expiry_days.of(kind) * DAY_US,
            reasons=tuple(self._reasons(kind, scored, k, members, mutual)),
            gives=(self._gives(kind, scored, k, 0), self._gives(kind, scored, k, 1)),
            mutual=mutual[:MUTUAL_SHOWN],
            scores=_scores(scored, k),
            sources=tuple(name for name, bit in SOURCES.items() if sources & bit),
            policy=self.policy_digest,
        )

    def _mutual(self, one: int, other: int) -> tuple[str, ...]:
        """Whom both know and may be named, by the weaker of the two ties, the strongest first."""
        network, at, subjects = self.network, self.at, self.scorer.people.subjects
        links = self.scorer.graph.links  # of people who may be named, without blocked ties
        known = np.intersect1d(_row(links, one), _row(links, other), assume_unique=True)

        def weaker(subject: str) -> int:
            ties = (network.tie(subjects[member], subject) for member in (one, other))
            return min(int(moved(tie.strength, at) * 1e6) for tie in ties if tie is not None)

        named = (subjects[each] for each in known.tolist())
        return tuple(sorted(named, key=lambda subject: (-weaker(subject), subject)))

    def _reasons(
        self, kind: Kind, scored: Scored, k: int, members: tuple[str, str], mutual: tuple[str, ...]
    ) -> Iterator[Reason]:
        common = scored.common
        if kind == "reconnection":
            tie = self.network.tie(*members)
            last = tie.last_met if tie is not None and tie.last_met is not None else self.at
            yield Reason("lost-touch", (self.at - last) // DAY_US)
        if mutual:
            yield Reason("mutual-contacts", len(mutual), mutual[:MUTUAL_SHOWN])
        if common.cross_sector[k]:
            yield Reason("cross-sector")
        level = self.scorer.people.level
        mine, theirs = int(level[scored.one[k]]), int(level[scored.other[k]])
        if mine and theirs and mine != theirs:
            yield Reason("levels-apart", abs(mine - theirs))
        if common.interests[k]:
            yield Reason("shared-interests", int(common.interests[k]))
        for code, alike in (
            ("same-profession", common.profession),
            ("same-sector", common.sector),
            ("same-place", common.place),
        ):
            if alike[k]:
                yield Reason(code)

    def _gives(self, kind: Kind, scored: Scored, k: int, side: int) -> tuple[Reason, ...]:
        """What one side can give the other, the most particular first."""
        people = self.scorer.people
        giver, taker = (
            (scored.one[k], scored.other[k]) if side == 0 else (scored.other[k], scored.one[k])
        )
        found = [*self._answers(scored.gives[side], k)]
        if kind == "mentoring" and side == 0:
            found.append(Reason("mentoring"))
        steps = int(people.level[giver] - people.level[taker])
        if people.level[giver] and people.level[taker] and steps:
            found.append(Reason("experience" if steps > 0 else "view-from-practice", abs(steps)))
        if scored.common.cross_sector[k]:
            found.append(Reason("another-sector"))
        professions = people.profession[giver], people.profession[taker]
        if min(professions) >= 0 and professions[0] != professions[1]:
            found.append(Reason("another-profession"))
        return tuple(found)

    def _answers(self, match: Match, k: int) -> Iterator[Reason]:
        people = self.scorer.people
        if match.offer[k] >= 0:
            items = (people.offers.names[match.offer[k]], people.needs.names[match.need[k]])
            yield Reason("offer-meets-need", int(millionths(match.cosine[k])), items)


def _odds(drawn: Drawn, k: int) -> dict[str, int]:
    """Whose slot drew it, and how likely."""
    return {("propensity_first", "propensity_second")[drawn.end[k]]: int(drawn.propensity[k])}


def _row(matrix: csr_array, row: int) -> Places:
    """The columns of one row."""
    columns: Places = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
    return columns


def _scores(scored: Scored, k: int) -> dict[str, int]:
    worth = scored.worth
    mentor = int(worth.mentor[k])
    return {
        "accepts_first": int(scored.accepts[0][k]),
        "accepts_second": int(scored.accepts[1][k]),
        "mutual": int(worth.mutual[k]),
        "bridging": int(worth.bridging[k]),
        "structural_hole": int(worth.structural_hole[k]),
        "contrast": int(worth.contrast[k]),
        "deficit": int(worth.deficit[k]),
        "generosity": int(worth.generosity[k]),
        "load": int(worth.load[k]),
        "worth": int(worth.total[k]),
    } | ({"mentor": mentor} if mentor else {})
